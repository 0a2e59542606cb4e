//! A PostgreSQL cluster to be thrown away: in a folder of its own, reached over a socket in it, ended with the value.

use std::env;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::need::Need;

/// The variable that names the folder of PostgreSQL's programs, where they are to be found in none of the usual ones.
const VARIABLE: &str = "SEATTIME_POSTGRES_BIN";
/// Where Debian has them, a folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The user that Debian makes for PostgreSQL, which does not run as root.
const USER: &str = "postgres";

/// Makes the database's clock one that can be moved on: it stands before the real one on the way that names are
/// looked up, and runs with it.
pub const MOVABLE_CLOCK: &str =
    "CREATE SCHEMA told; CREATE TABLE told.moved (ms bigint); INSERT INTO told.moved VALUES (0);
    CREATE FUNCTION told.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT pg_catalog.clock_timestamp() + ms * interval '1 ms' FROM told.moved $$;
    ALTER ROLE seattime SET search_path = told, pg_catalog, public";

/// A cluster that runs.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    /// The user that it runs as, if not ours: its number, and that of its group.
    user: Option<(u32, u32)>,
    /// Where it listens on 127.0.0.1, beside its socket.
    port: Option<u16>,
}

/// The folder of PostgreSQL's programs, if there is one.
pub fn programs() -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let debian = || {
        let versions = fs::read_dir(DEBIAN).ok()?;
        versions.filter_map(|it| Some(it.ok()?.path().join("bin"))).max()
    };
    named.or_else(debian).filter(|it| it.join("initdb").is_file())
}

/// Returns the folder of PostgreSQL's programs; where there is none, the running test is skipped.
pub fn programs_or_skip() -> Option<PathBuf> {
    let found = programs();
    if found.is_none() {
        Need::Postgres.skip();
    }
    found
}

impl Cluster {
    /// Makes a cluster with `settings`, each as `name=value`, and starts it.
    pub fn start(programs: &Path, settings: &[&str]) -> Result<Cluster> {
        let cluster = Cluster::anew(programs)?;
        cluster.initialize()?;
        cluster.configure(&[&["max_connections=60"], settings].concat())?;
        cluster.control(&["start"])?;
        Ok(cluster)
    }

    /// A cluster with `settings` that also listens on a free port of 127.0.0.1, and has `files` in its data folder,
    /// each with its name and what is in it.
    pub fn start_with_files(programs: &Path, settings: &[&str], files: &[(&str, &str)]) -> Result<Cluster> {
        let mut cluster = Cluster::anew(programs)?;
        cluster.initialize()?;
        for (name, text) in files {
            let path = cluster.folder.join("data").join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            cluster.give(&path)?;
        }
        cluster.configure(settings)?;
        // Another program may take the port before the cluster does; then there is another one.
        let mut last = Error::other("no port was tried");
        for _ in 0..5 {
            let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            cluster.configure(&["listen_addresses='127.0.0.1'", &format!("port={port}")])?;
            cluster.port = Some(port);
            match cluster.control(&["start"]) {
                Ok(()) => return Ok(cluster),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A copy of this cluster that follows it, under `name`.
    pub fn standby(&self, name: &str) -> Result<Cluster> {
        let cluster = Cluster::anew(&self.programs)?;
        let (data, primary) = (cluster.data(), self.folder.display().to_string());
        let copy = ["--pgdata", &data, "--host", &primary, "--username=seattime", "--checkpoint=fast"];
        cluster.run("pg_basebackup", &copy)?;
        let signal = cluster.folder.join("data/standby.signal");
        fs::write(&signal, "")?;
        cluster.give(&signal)?;
        let follow = format!("primary_conninfo='host={primary} user=seattime application_name={name}'");
        cluster.configure(&[&follow])?;
        cluster.control(&["start"])?;
        Ok(cluster)
    }

    /// A folder for a cluster.
    fn anew(programs: &Path) -> Result<Cluster> {
        let folder = env::temp_dir().join(format!("seattime-{}-{}", std::process::id(), number()));
        fs::create_dir(&folder)?;
        let cluster = Cluster { programs: programs.to_owned(), folder, user: user()?, port: None };
        cluster.give(&cluster.folder)?;
        Ok(cluster)
    }

    /// Gives a file or folder to the user that it runs as.
    fn give(&self, path: &Path) -> Result<()> {
        let Some((user, group)) = self.user else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(group))
    }

    fn initialize(&self) -> Result<()> {
        let data = self.data();
        self.run(
            "initdb",
            &["--auth=trust", "--encoding=UTF8", "--locale=C", "--username=seattime", "--pgdata", &data],
        )
    }

    /// Adds settings, of which the last of a name holds from the next start on.
    fn configure(&self, settings: &[&str]) -> Result<()> {
        let file = self.folder.join("data/postgresql.conf");
        let kept = fs::read_to_string(&file)?;
        let own = format!("unix_socket_directories='{}'", self.folder.display());
        let listens = if self.port.is_some() { "" } else { "listen_addresses=''" };
        fs::write(&file, format!("{kept}\n{own}\n{listens}\n{}\n", settings.join("\n")))
    }

    /// Where a client finds it.
    pub fn url(&self) -> String {
        let port = self.port.map(|it| format!("&port={it}")).unwrap_or_default();
        format!("postgres:///postgres?user=seattime&host={}{port}", self.folder.display())
    }

    /// Where a client finds it over TCP, under a name for 127.0.0.1; the rest is up to `settings`.
    pub fn tcp_url(&self, host: &str, settings: &str) -> String {
        let port = self.port.unwrap_or_default();
        format!("postgres://seattime@{host}:{port}/postgres?hostaddr=127.0.0.1{settings}")
    }

    /// Ends it at once, as a machine that loses its power does.
    pub fn stop(&self) -> Result<()> {
        self.control(&["stop", "-m", "immediate"])
    }

    /// Starts it again.
    pub fn start_again(&self) -> Result<()> {
        self.control(&["start"])
    }

    /// Runs statements; answers what they print, a row a line.
    pub fn ask(&self, statements: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        let output = psql.args(["--command", statements]).arg(self.url()).output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        Err(Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    /// Moves a clock of [`MOVABLE_CLOCK`] on.
    pub fn move_clock(&self, ms: i64) -> Result<()> {
        self.ask(&format!("UPDATE told.moved SET ms = ms + {ms}")).map(|_| ())
    }

    /// Checks every table and index.
    pub fn check(&self) -> Result<()> {
        let folder = self.folder.display().to_string();
        let arguments =
            ["--install-missing", "--heapallindexed", "--host", &folder, "--username", "seattime"];
        self.run("pg_amcheck", &[&arguments[..], &["postgres"]].concat())
    }

    /// Lets pgbench run a script over and over for so many seconds; answers what it says of transactions a second and
    /// their time.
    pub fn pgbench(&self, script: &Path, seconds: u64) -> Result<String> {
        let mut pgbench = Command::new(self.programs.join("pgbench"));
        pgbench.args([
            "--no-vacuum",
            "--protocol=prepared",
            "--client=32",
            "--jobs=1",
            "--username=seattime",
        ]);
        pgbench.arg(format!("--time={seconds}")).arg("--host").arg(&self.folder).arg("--file").arg(script);
        let output = pgbench.arg("postgres").output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        let wanted = told.lines().filter(|it| {
            it.starts_with("tps") || it.starts_with("latency average") || it.starts_with("number of failed")
        });
        if output.status.success() {
            return Ok(wanted.collect::<Vec<_>>().join(", "));
        }
        Err(Error::other(format!("pgbench: {told}{}", String::from_utf8_lossy(&output.stderr))))
    }

    /// What a machine that loses its power does to it, and its start afterwards.
    pub fn restart_at_once(&self) -> Result<()> {
        self.control(&["restart", "-m", "immediate"])
    }

    /// PgBouncer before the cluster, if there is one on this machine: many clients share three connections, a
    /// transaction each, and nothing of a session is kept between them.
    pub fn pooled(&self) -> Result<Option<Pooled>> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        let Some(program) = program.iter().find(|it| Path::new(it).is_file()) else { return Ok(None) };
        let folder = self.folder.display();
        let settings = format!(
            "[databases]\n* = host={folder} port=5432 user=seattime\n[pgbouncer]\nunix_socket_dir = {folder}\n\
             listen_addr =\nlisten_port = 6432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n",
        );
        let file = self.folder.join("pgbouncer.ini");
        fs::write(&file, settings)?;
        let mut command = Command::new(program);
        command.arg("--quiet").arg(&file).current_dir(&self.folder);
        command
            .stdout(std::process::Stdio::null())
            .stderr(fs::File::create(self.folder.join("pgbouncer.log"))?);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        let mut pooled = Pooled { child: command.spawn()?, url: format!("{}&port=6432", self.url()) };
        let socket = self.folder.join(".s.PGSQL.6432");
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            if let Some(status) = pooled.child.try_wait()? {
                let said = fs::read_to_string(self.folder.join("pgbouncer.log")).unwrap_or_default();
                return Err(Error::other(format!("pgbouncer ended: {status}: {said}")));
            }
            std::thread::yield_now();
        }
        Ok(Some(pooled))
    }

    fn control(&self, order: &[&str]) -> Result<()> {
        let log = self.folder.join("log").display().to_string();
        let data = self.data();
        self.run("pg_ctl", &[&["-w", "-s", "-D", &data, "-l", &log], order].concat())
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir(&self.folder);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        // What it starts goes on and must not hold our pipes open.
        let errors = self.folder.join(format!("{program}.errors"));
        command.stdout(std::process::Stdio::null()).stderr(fs::File::create(&errors)?);
        let status = command.status()?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&errors).unwrap_or_default();
        Err(Error::other(format!("{program} {}: {status}: {said}", arguments.join(" "))))
    }
}

/// PgBouncer, in transaction mode.
pub struct Pooled {
    child: std::process::Child,
    /// Where a client finds it.
    pub url: String,
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.control(&["stop", "-m", "immediate"]);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A number that no other cluster of this process has.
fn number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// PostgreSQL's user, where we are root.
fn user() -> Result<Option<(u32, u32)>> {
    let Output { stdout, .. } = Command::new("id").arg("-u").output()?;
    if String::from_utf8_lossy(&stdout).trim() != "0" {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    let found = accounts.lines().map(|it| it.split(':').collect::<Vec<_>>());
    let mut found = found.filter_map(|it| match it.as_slice() {
        [name, _, user, group, ..] if *name == USER => Some((user.parse().ok()?, group.parse().ok()?)),
        _ => None,
    });
    let missing = || {
        Error::new(ErrorKind::NotFound, format!("PostgreSQL does not run as root; there is no user {USER}"))
    };
    found.next().ok_or_else(missing).map(Some)
}
