//! Raw PostgreSQL: the statements that keep commits, in batches as large as the server's, and nothing else.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use seattime_server::store::postgres::WRITERS;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls};

/// A statement of the server's own.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("../../../seattime-server/src/store/postgres/", $name, ".sql"))
    };
}

/// Which of the server's statements are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statements {
    /// Those that write: three values, the visit with its raw state, the mark that the report's row is stale.
    ThatWrite,
    /// And before them those that read the attempt with its package, and the visit.
    ThatReadToo,
}

/// A visit, and everything that a commit of it writes.
#[derive(Debug, Clone)]
struct Row {
    learner: String,
    visit: String,
    tenant: String,
    attempt: String,
    policy: String,
    opened_ms: i64,
    raw: String,
    course: String,
    topic: String,
    version: i64,
}

const VALUES: [&str; 3] = ["cmi.location", "cmi.score.raw", "cmi.suspend_data"];
const ROWS: &str = "SELECT visit.learner, visit.id, visit.tenant, visit.attempt, policy, opened_ms, raw, course, topic, version
     FROM visit JOIN attempt ON attempt.learner = visit.learner AND attempt.id = visit.attempt ORDER BY visit.id";

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// How many commits a second PostgreSQL keeps, in transactions of `batch`, over as many connections as the server
/// writes with, on a database that a server has filled with visits, each of which has committed at least once.
pub(crate) async fn rate(url: &str, batch: usize, length: Duration, statements: Statements) -> Result<f64> {
    // In an order of chance, as visits come; each learner over one connection alone.
    let found = connect(url).await?.query(ROWS, &[]).await?;
    let mut shares = vec![Vec::new(); WRITERS];
    for (n, row) in found.iter().enumerate() {
        let share = shares.get_mut(n % WRITERS).context("there are no connections")?;
        share.push(Row {
            learner: row.try_get(0)?,
            visit: row.try_get(1)?,
            tenant: row.try_get(2)?,
            attempt: row.try_get(3)?,
            policy: row.try_get(4)?,
            opened_ms: row.try_get(5)?,
            raw: row.try_get(6)?,
            course: row.try_get(7)?,
            topic: row.try_get(8)?,
            version: row.try_get(9)?,
        });
    }
    let mut writing = JoinSet::new();
    let start = Instant::now();
    for share in shares {
        let client = connect(url).await?;
        writing.spawn(write(client, share, batch, start + length, statements));
    }
    let kept: u64 = writing.join_all().await.into_iter().sum::<Result<u64>>()?;
    Ok(kept as f64 / start.elapsed().as_secs_f64())
}

async fn write(
    mut client: Client,
    mut rows: Vec<Row>,
    batch: usize,
    end: Instant,
    statements: Statements,
) -> Result<u64> {
    let latest: i64 = client.query_one("SELECT max(seq) FROM value", &[]).await?.try_get(0)?;
    let (mut kept, mut seq) = (0_u64, latest);
    // A statement cannot meet the same row twice.
    let batch = batch.min(rows.len());
    ensure!(batch > 0, "there are no visits");
    while Instant::now() < end {
        seq += 10;
        let mut now: Vec<Row> = rows.drain(..batch).collect();
        now.sort_unstable_by(|a, b| (&a.learner, &a.visit).cmp(&(&b.learner, &b.visit)));
        if statements == Statements::ThatReadToo {
            read(&client, &now).await?;
        }
        put(&mut client, &now, seq).await?;
        kept += now.len() as u64;
        for row in &mut now {
            row.version = (row.version + 1) & ((1 << 62) - 1);
        }
        rows.append(&mut now);
    }
    Ok(kept)
}

/// What the server reads before it writes.
async fn read(client: &Client, rows: &[Row]) -> Result<()> {
    let (learner, visit) = (texts_of(rows, |it| &it.learner), texts_of(rows, |it| &it.visit));
    let (attempt, tenant) = (texts_of(rows, |it| &it.attempt), texts_of(rows, |it| &it.tenant));
    let attempts = [texts(&learner), texts(&attempt), texts(&tenant)];
    let visits = [texts(&learner), texts(&visit), texts(&attempt), texts(&tenant)];
    let (attempts, visits) = tokio::try_join!(
        client.query_typed(sql!("attempt"), &attempts),
        client.query_typed(sql!("visit"), &visits),
    )?;
    ensure!(attempts.len() == rows.len() && visits.len() == rows.len(), "visits are missing");
    Ok(())
}

type Given<'a> = (&'a (dyn ToSql + Sync), Type);

fn texts_of<'a>(rows: &'a [Row], of: impl Fn(&'a Row) -> &'a String) -> Vec<&'a str> {
    rows.iter().map(|it| of(it).as_str()).collect()
}

fn texts<T: ToSql + Sync>(column: &T) -> Given<'_> {
    (column, Type::TEXT_ARRAY)
}

fn longs<T: ToSql + Sync>(column: &T) -> Given<'_> {
    (column, Type::INT8_ARRAY)
}

/// One transaction.
async fn put(client: &mut Client, rows: &[Row], seq: i64) -> Result<()> {
    let suspended = "x".repeat(300);
    let thrice = |of: fn(&Row) -> &String| -> Vec<&str> {
        rows.iter().flat_map(|it| VALUES.iter().map(move |_| of(it).as_str())).collect()
    };
    let values = rows.len() * VALUES.len();
    let (learners, attempts) = (thrice(|it| &it.learner), thrice(|it| &it.attempt));
    let elements: Vec<&str> = rows.iter().flat_map(|_| VALUES).collect();
    let told: Vec<&str> = rows.iter().flat_map(|_| ["page", "80", suspended.as_str()]).collect();
    let (activities, tries) = (vec!["item"; values], vec![1_i64; values]);
    let (leases, seqs) = (vec![1_i64; values], vec![seq; values]);

    let learner = texts_of(rows, |it| &it.learner);
    let (visit, tenant) = (texts_of(rows, |it| &it.visit), texts_of(rows, |it| &it.tenant));
    let (attempt, policy) = (texts_of(rows, |it| &it.attempt), texts_of(rows, |it| &it.policy));
    let (raw, course) = (texts_of(rows, |it| &it.raw), texts_of(rows, |it| &it.course));
    let topic = texts_of(rows, |it| &it.topic);
    let opened: Vec<i64> = rows.iter().map(|it| it.opened_ms).collect();
    let heard: Vec<i64> = rows.iter().map(|it| it.opened_ms + seq).collect();
    let (acked, lease) = (vec![seq; rows.len()], vec![1_i64; rows.len()]);
    let is_open = vec![true; rows.len()];
    let version: Vec<i64> = rows.iter().map(|it| it.version).collect();

    let transaction = client.transaction().await?;
    let put_values = [
        texts(&learners),
        texts(&attempts),
        texts(&activities),
        longs(&tries),
        texts(&elements),
        texts(&told),
        longs(&leases),
        longs(&seqs),
    ];
    let put_visits = [
        texts(&learner),
        texts(&visit),
        texts(&tenant),
        texts(&attempt),
        longs(&lease),
        texts(&policy),
        longs(&opened),
        longs(&heard),
        longs(&heard),
        longs(&acked),
        (&is_open as &(dyn ToSql + Sync), Type::BOOL_ARRAY),
        texts(&raw),
        longs(&version),
        (&1_i64 as &(dyn ToSql + Sync), Type::INT8),
    ];
    let put_stale = [texts(&learner), texts(&course), texts(&topic), texts(&tenant)];
    let (_, _, kept) = tokio::try_join!(
        transaction.execute_typed(sql!("put_value"), &put_values),
        transaction.execute_typed(sql!("put_stale"), &put_stale),
        transaction.execute_typed(sql!("put_visit"), &put_visits),
    )?;
    ensure!(kept == rows.len() as u64, "{kept} of {} visits were kept", rows.len());
    transaction.commit().await?;
    Ok(())
}

/// The same statements, one commit a transaction, as a script of pgbench; it makes the table that the script finds its
/// visits in.
pub(crate) async fn script(url: &str) -> Result<String> {
    let client = connect(url).await?;
    let made = format!(
        "CREATE TABLE benched AS SELECT row_number() OVER () AS n, found.* FROM ({}) AS found;
         ALTER TABLE benched ADD PRIMARY KEY (n); ANALYZE benched",
        ROWS.replace("visit.id,", "visit.id AS visit,")
    );
    client.batch_execute(&made).await?;
    let visits: i64 = client.query_one("SELECT count(*) FROM benched", &[]).await?.try_get(0)?;
    const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let put_value = |element: &str, text: &str| {
        given(sql!("put_value"), &[":learner", ":attempt", "'item'", "1", element, text, "1", NOW])
    };
    let suspended = format!("'{}'", "x".repeat(300));
    let lines = [
        format!("\\set n random(1, {visits})"),
        "SELECT learner, visit, tenant, attempt, policy, opened_ms, course, topic FROM benched WHERE n = :n \\gset".to_owned(),
        "SELECT version, raw FROM visit WHERE learner = :learner AND id = :visit \\gset".to_owned(),
        "\\startpipeline\nBEGIN;".to_owned(),
        put_value("'cmi.location'", "'page'"),
        put_value("'cmi.score.raw'", "'80'"),
        put_value("'cmi.suspend_data'", &suspended),
        given(sql!("put_stale"), &[":learner", ":course", ":topic", ":tenant"]),
        given(
            sql!("put_visit"),
            &[
                ":learner", ":visit", ":tenant", ":attempt", "1", ":policy", ":opened_ms", NOW, NOW, NOW, "true", ":raw",
                ":version",
            ],
        ),
        "COMMIT;\n\\endpipeline".to_owned(),
    ];
    Ok(lines.join("\n") + "\n")
}

/// A statement with arrays of one each instead of its fields; what is one number is 1.
fn given(statement: &str, fields: &[&str]) -> String {
    let statement: String =
        statement.lines().filter(|it| !it.starts_with("--")).collect::<Vec<_>>().join("\n");
    let filled = fields.iter().enumerate().fold(statement, |statement, (n, field)| {
        // The type follows: no field's number is the begin of another's.
        statement.replace(&format!("${}::", n + 1), &format!("ARRAY[{field}]::"))
    });
    filled.trim_end().replace("$14", "1") + ";"
}

#[cfg(test)]
mod tests {
    use super::given;

    #[test]
    fn fields_are_filled_in_by_their_whole_number() {
        let fields = ["a", "2", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
        let statement = "-- why\nSELECT $1::text[], $2::bigint[],\n$11::text[] FROM x\n";
        assert_eq!(
            given(statement, &fields),
            "SELECT ARRAY[a]::text[], ARRAY[2]::bigint[],\nARRAY[k]::text[] FROM x;"
        );
    }
}
