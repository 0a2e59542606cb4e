//! Things outside the project that a test needs. Where one is missing the test is skipped, and counted as skipped:
//! libtest has no word for that, so each skip is noted in a file that `cargo xtask test` counts.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// Names the file in which skips are noted, a line each.
pub const SKIPS: &str = "SEATTIME_SKIPS";
/// Lists the needs that may not be missing, as `postgres,pgbouncer,adl`.
pub const REQUIRE: &str = "SEATTIME_REQUIRE";

/// Something that a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Programs of a PostgreSQL server.
    Postgres,
    /// PgBouncer.
    PgBouncer,
    /// Cases of ADL's test suite, in the folder that `SEATTIME_ADL_DIR` names.
    Adl,
    /// The right to mount a file system.
    Mount,
}

impl Need {
    /// Returns the name by which [`REQUIRE`] lists it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Need::Postgres => "postgres",
            Need::PgBouncer => "pgbouncer",
            Need::Adl => "adl",
            Need::Mount => "mount",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Need::Postgres | Need::PgBouncer => "`cargo xtask setup` installs it",
            Need::Adl => "name the folder of ADL's cases in SEATTIME_ADL_DIR",
            Need::Mount => "run the tests as a user who may mount file systems",
        }
    }

    /// Notes that the running test is skipped, since this is missing.
    ///
    /// # Panics
    ///
    /// If [`REQUIRE`] lists it, or the note cannot be written.
    #[allow(clippy::panic, clippy::expect_used, reason = "it is called by tests alone, and fails them")]
    pub fn skip(self) {
        let (name, advice) = (self.name(), self.advice());
        let required = env::var(REQUIRE).unwrap_or_default();
        if required.split(',').any(|it| it.trim() == name) {
            panic!("{name} is missing, and {REQUIRE}={required} requires it: {advice}");
        }
        let suite = env::current_exe().unwrap_or_default();
        let suite = suite.file_stem().unwrap_or_default().display().to_string();
        let test = format!("{suite}: {}", thread::current().name().unwrap_or("a test"));
        eprintln!("skipped: {test}: {name} is missing: {advice}");
        if let Some(file) = env::var_os(SKIPS) {
            // One write of one short line: tests of several processes append to the same file.
            let line = format!("{test}: {name} is missing: {advice}\n");
            let mut file =
                OpenOptions::new().create(true).append(true).open(file).expect("SEATTIME_SKIPS opens");
            file.write_all(line.as_bytes()).expect("SEATTIME_SKIPS is written");
        }
    }
}
