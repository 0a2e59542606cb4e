//! A database that is spread over several machines: what `docs/scaling.md` distributes by which column, held against the
//! tables as they are and against every statement; and the contract over tables that PostgreSQL itself has cut by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{PostgresStore, keeps};
use seattime_testing::cluster::{self, Cluster};

/// So many pieces a table is cut into.
const PIECES: u32 = 4;

/// Statements that ask every machine, and why they may: none of them is part of a visit.
const ASK_EVERYBODY: &[&str] = &[
    "latest",               // At a server's start.
    "rows_to_judge",        // `seattime recompute`.
    "rows_to_verify",       // `seattime verify`.
    "silent_visits",        // Once a minute.
    "stale_topic",          // An import: who is enrolled in its course.
    "stale_history",        // An import of a package of which
    "file_history",         // an LMS had kept something.
    "reporting",            // How packages report,
    "reporting_of_package", // and one of them.
];

/// By what each table is spread; a table that every machine has whole, by nothing.
fn told() -> BTreeMap<String, Option<String>> {
    let docs =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scaling.md")).unwrap();
    let block = docs.split("### Citus").nth(1).unwrap().split("```").nth(1).unwrap();
    let mut told = BTreeMap::new();
    for statement in block.split(';') {
        let words: Vec<&str> = statement.split('\'').skip(1).step_by(2).collect();
        if statement.contains("create_reference_table") {
            told.extend(words.iter().map(|it| ((*it).to_owned(), None)));
        } else if statement.contains("ARRAY") {
            // The column, whom it lies with, and then the tables.
            assert_eq!(words[..2], ["learner", "learner"]);
            told.extend(words[2..].iter().map(|it| ((*it).to_owned(), Some("learner".to_owned()))));
        } else if let [table, column] = words[..] {
            told.insert(table.to_owned(), Some(column.to_owned()));
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_holds_what_its_table_is_spread_by_and_the_contract_holds_on_tables_that_are_cut() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = Cluster::start(&programs, &["max_locks_per_transaction=256"]).unwrap();
    drop(PostgresStore::open(&cluster.url()).await.unwrap());
    let told = told();
    let lines = |question: &str| -> Vec<String> {
        cluster.ask(question).unwrap().lines().map(str::to_owned).collect()
    };

    let tables: BTreeSet<String> =
        lines("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").into_iter().collect();
    assert_eq!(
        tables,
        told.keys().cloned().collect::<BTreeSet<_>>(),
        "the documents name every table, and no other"
    );
    // Nothing that one machine would have to know of another's: sequences, triggers, foreign keys, exclusions, views.
    let others = "SELECT relkind, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'i')
        UNION ALL SELECT 't', tgname FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT contype, conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype NOT IN ('p', 'c')
        UNION ALL SELECT 'd', adrelid::regclass::text FROM pg_attrdef
        UNION ALL SELECT attidentity, attrelid::regclass::text FROM pg_attribute WHERE attidentity <> ''";
    assert_eq!(lines(others), Vec::<String>::new());
    let keys = "SELECT indrelid::regclass || '|' || indexrelid::regclass || '|' || (SELECT string_agg(attname, ',') FROM pg_attribute
        WHERE attrelid = indrelid AND attnum = ANY (indkey)) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'public'::regnamespace AND indisunique";
    let keys = lines(keys);
    assert_eq!(keys.len(), tables.len(), "one a table");
    for key in keys {
        let fields: Vec<&str> = key.split('|').collect();
        let Some(by) = &told[fields[0]] else { continue };
        assert!(fields[2].split(',').any(|it| it == by), "{} of {}: {}", fields[1], fields[0], fields[2]);
    }
    // Tables lie together only where what they are spread by is of one kind.
    let kinds = "SELECT DISTINCT atttypid::regtype || ' ' || attcollation::regcollation FROM pg_attribute
        WHERE (attname = 'learner' OR attrelid = 'learner'::regclass AND attname = 'id') AND attnum > 0
        AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')";
    assert_eq!(lines(kinds), ["text \"C\""]);

    for (table, by) in told.iter().filter_map(|(table, by)| Some((table, by.as_ref()?))) {
        let pieces = (0..PIECES).map(|n| {
            format!("CREATE TABLE {table}_{n} PARTITION OF {table} FOR VALUES WITH (MODULUS {PIECES}, REMAINDER {n});")
        });
        let cut = format!(
            "DROP TABLE {table}; ALTER TABLE {table}_like RENAME TO {table}; {}",
            pieces.collect::<String>()
        );
        // PostgreSQL refuses a key that does not hold what the table is cut by.
        let like =
            format!("CREATE TABLE {table}_like (LIKE {table} INCLUDING ALL) PARTITION BY HASH ({by});");
        cluster.ask(&format!("{like} {cut}")).unwrap();
    }
    let url = cluster.url();
    let (one, two) = tokio::join!(PostgresStore::open(&url), PostgresStore::open(&url));
    keeps(&[Arc::new(one.unwrap()), Arc::new(two.unwrap())]).await;
    let filled =
        "SELECT count(*) FROM pg_class WHERE relname ~ '^visit_[0-9]$' AND pg_relation_size(oid) > 0";
    assert_eq!(lines(filled), [PIECES.to_string()], "visits lie in every piece");
}

#[test]
fn every_statement_of_a_visit_says_whose_rows_it_means() {
    let told = told();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/postgres");
    let (mut found, mut looked_at) = (BTreeSet::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "sql") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let bare: Vec<&str> = text.lines().filter(|it| !it.starts_with("--")).collect();
        if !says_whose(&bare.join(" "), &told) {
            found.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
        looked_at += 1;
    }
    assert!(looked_at > 50, "{looked_at} statements");
    assert_eq!(found, ASK_EVERYBODY.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>());
}

/// Whether of every spread table in it the rows are told by what it is spread by: a field, or a row's own of a list.
fn says_whose(statement: &str, told: &BTreeMap<String, Option<String>>) -> bool {
    let plain: String = statement.chars().map(|it| if "(),".contains(it) { ' ' } else { it }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.windows(2).enumerate().all(|(at, pair)| {
        let by = told.get(pair[1]).and_then(Option::as_ref);
        let (true, Some(by)) = (matches!(pair[0], "FROM" | "JOIN" | "UPDATE" | "INTO"), by) else {
            return true;
        };
        if pair[0] == "INTO" {
            return true; // The row itself says it: no key could do without.
        }
        // As it is called here, if it is called otherwise.
        let name = if words.get(at + 2) == Some(&"AS") { words[at + 3] } else { pair[1] };
        words.windows(3).any(|it| {
            let [left, sign, right] = it else { return false };
            let is_its = |column: &str| column == by || column == format!("{name}.{by}");
            let is_given = |column: &str| column.starts_with('$') || column.ends_with(&format!(".{by}"));
            *sign == "=" && ((is_its(left) && is_given(right)) || (is_its(right) && is_given(left)))
        })
    })
}

#[test]
fn a_statement_that_does_not_say_whose_rows_it_means_is_found() {
    let told = told();
    #[rustfmt::skip]
    let cases = [
        ("SELECT raw FROM visit WHERE learner = $1 AND id = $2",                                                true),
        ("SELECT raw FROM visit WHERE id = $2",                                                                 false),
        ("SELECT raw FROM visit WHERE attempt = $1 AND EXISTS (SELECT 1 FROM attempt WHERE attempt.learner = $1)", false),
        ("DELETE FROM value WHERE value.attempt = $1",                                                          false),
        ("UPDATE attempt SET lease = 1 FROM unnest($1::text[]) AS given (learner) WHERE attempt.learner = given.learner", true),
        ("SELECT title FROM package WHERE tenant = $1",                                                         true),
        ("SELECT name FROM learner WHERE id = $1",                                                              true),
    ];
    for (statement, expected) in cases {
        assert_eq!(says_whose(statement, &told), expected, "{statement}");
    }
}
