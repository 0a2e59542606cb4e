//! `serve`: the server, in the world as it is.

use std::io::{Cursor, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use seattime_server::clock::SystemClock;
use seattime_server::config::{Config, DEFAULT_POLICY, TENANT};
use seattime_server::faults::NoFaults;
use seattime_server::limits::DEFAULT_LIMITS;
use seattime_server::{Server, World, serve};
use zip::write::SimpleFileOptions;

use super::key::{self, Kept};
use crate::assets::{Demo, Embedded};

/// How often silent visits are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen on; 0 takes any that is free.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where learners reach the server, such as `https://learn.example`; where it listens, if left out.
    #[arg(long)]
    public_url: Option<String>,
    #[command(flatten)]
    kept: Kept,
    /// Offer the demo courses to anybody on this machine.
    #[arg(long)]
    demo: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let (api_key, place) = key::of(&arguments.kept)?;
    let config = Config {
        host: arguments.host,
        port: arguments.port,
        public_url: arguments.public_url.map(|it| it.trim_end_matches('/').to_owned()),
        data: arguments.kept.data,
        api_key,
        demo: arguments.demo,
        policy: DEFAULT_POLICY,
        limits: DEFAULT_LIMITS,
    };
    let world = World {
        clock: Arc::new(SystemClock),
        faults: Arc::new(NoFaults),
        vfs: None,
        assets: Arc::new(Embedded),
    };
    let server = serve(config, world).await?;
    if arguments.demo {
        import_demo(&server).await?;
    }
    println!("Seattime listens at http://{}/ (stop it with Ctrl-C)", server.address);
    println!("The API key is {place}");
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    let stop = stopped();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            _ = sweep.tick() => server.sweep().await,
            _ = &mut stop => break,
        }
    }
    server.shut_down().await;
    Ok(())
}

/// Ends once somebody asks the process to stop.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Imports the demo courses; those that are there are found again.
async fn import_demo(server: &Server) -> Result<()> {
    let mut folders: Vec<String> =
        Demo::iter().filter_map(|it| it.split_once('/').map(|it| it.0.to_owned())).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        let zip = zip_of(&folder).with_context(|| format!("the demo course {folder} cannot be zipped"))?;
        let imported = server.app().import(TENANT, zip, Some("Demo".to_owned())).await;
        imported.map_err(|problem| anyhow::anyhow!("the demo course {folder} was not taken: {problem:?}"))?;
    }
    Ok(())
}

/// The same bytes at every start, so that the package is the same.
fn zip_of(folder: &str) -> Result<Vec<u8>> {
    let mut names: Vec<_> = Demo::iter().filter(|it| it.starts_with(&format!("{folder}/"))).collect();
    names.sort_unstable();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        let file = Demo::get(&name).context("a file is missing")?;
        let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
        zip.start_file(name.trim_start_matches(folder).trim_start_matches('/'), options)?;
        zip.write_all(&file.data)?;
    }
    Ok(zip.finish()?.into_inner())
}
