//! `serve`: the server, in the world as it is.

use std::io::{Cursor, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use seattime_server::clock::SystemClock;
use seattime_server::config::{
    Config, EMBED_ORIGINS_VARIABLE, EXTERNAL_HOSTS_VARIABLE, METRICS_VARIABLE, PROXIES_VARIABLE, StillHere,
    TENANT,
};
use seattime_server::faults::NoFaults;
use seattime_server::hosts::{EmbedOrigins, ExternalHosts};
use seattime_server::limits::{DEFAULT_LIMITS, Limits};
use seattime_server::{Server, World, serve};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use zip::write::SimpleFileOptions;

use super::key::{self, Kept};
use super::policy;
use crate::assets::{Demo, Embedded};

/// How often silent visits are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Stands for all courses.
const EVERY_COURSE: &str = "*";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port of the app face: the API, reports, keys and logins; 0 takes any that is free.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The port of the run face: the player and courses; the one after --port, if left out.
    #[arg(long)]
    run_port: Option<u16>,
    /// Another address, such as `127.0.0.1:9090`, where Prometheus finds figures under `/metrics`. It asks for no key.
    #[arg(long, env = METRICS_VARIABLE)]
    metrics: Option<SocketAddr>,
    /// The address of a proxy in front; it says in `X-Forwarded-For` whose a request is. May be given several times.
    #[arg(long = "proxy", env = PROXIES_VARIABLE, value_delimiter = ',')]
    proxies: Vec<IpAddr>,
    /// How long it goes on when it is asked to stop, in s: `/readyz` fails meanwhile, so that balancers notice.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=3_600))]
    stop_delay: u64,
    /// Where the app face is reached, such as `https://learn.example`; where it listens, if left out.
    #[arg(long, requires = "run_url")]
    public_url: Option<String>,
    /// Where learners reach courses, on another host name, such as `https://run.learn.example`; where the run face
    /// listens, if left out.
    #[arg(long)]
    run_url: Option<String>,
    /// A header in which a proxy of --proxy says by its name who has logged in there, such as `X-Remote-User`.
    #[arg(long, value_name = "HEADER", requires = "proxies")]
    login_header: Option<String>,
    #[command(flatten)]
    kept: Kept,
    #[command(flatten)]
    judged: policy::Judged,
    /// Ask learners in this course, or in all where none is named, whether they are still there, a minute before their
    /// time stops counting. May be given several times.
    #[arg(long, value_name = "COURSE", num_args = 0..=1, default_missing_value = EVERY_COURSE)]
    still_here: Vec<String>,
    /// Which other hosts content may use: `https` (every one, encrypted), `none`, or hosts with commas between them, such as
    /// `cdn.example,*.example.com`. A course may have a separate policy (`PUT /api/v1/courses/{course}`).
    #[arg(long, env = EXTERNAL_HOSTS_VARIABLE, value_name = "HOSTS", default_value_t)]
    external_hosts: ExternalHosts,
    /// Whose pages may show courses in a frame: `any`, `none`, or origins with commas between them, such as
    /// `https://lms.example`.
    #[arg(long, env = EMBED_ORIGINS_VARIABLE, value_name = "ORIGINS", default_value = "any")]
    embed_origins: EmbedOrigins,
    /// Show PDFs of packages in a viewer in which reading is seen (`on`), or in the browser's own (`off`), in which it is
    /// not.
    #[arg(long, value_name = "on|off", default_value = "on", value_parser = ["on", "off"])]
    pdf_viewer: String,
    /// Offer the demo courses to anybody on this machine.
    #[arg(long)]
    demo: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let (api_key, place) = key::of(&arguments.kept)?;
    let config = Config {
        host: arguments.host,
        port: arguments.port,
        run_port: arguments.run_port.unwrap_or_else(|| after(arguments.port)),
        metrics: arguments.metrics,
        proxies: arguments.proxies,
        public_url: arguments.public_url.map(|it| it.trim_end_matches('/').to_owned()),
        run_url: arguments.run_url.map(|it| it.trim_end_matches('/').to_owned()),
        login_header: arguments.login_header,
        data: arguments.kept.data,
        database: arguments.kept.database,
        api_key,
        demo: arguments.demo,
        policy: policy::of(&arguments.judged),
        still_here: match arguments.still_here {
            courses if courses.iter().any(|it| it == EVERY_COURSE) => StillHere::Everywhere,
            courses => StillHere::In(courses.into_iter().collect()),
        },
        external_hosts: arguments.external_hosts,
        embed_origins: arguments.embed_origins,
        pdf_viewer: arguments.pdf_viewer == "on",
        limits: Limits { delay: Duration::from_secs(arguments.stop_delay), ..DEFAULT_LIMITS },
    };
    let world = World {
        clock: Arc::new(SystemClock),
        faults: Arc::new(NoFaults),
        vfs: None,
        assets: Arc::new(Embedded),
    };
    let server = serve(config, world).await?;
    // From here on; before, there is nothing that a signal could not end by itself.
    let mut signals = Signals::listen().context("signals to stop cannot be listened for")?;
    if arguments.demo {
        import_demo(&server).await?;
    }
    println!("Seattime listens at http://{}/ (stop it with Ctrl-C)", server.address);
    println!("Courses are shown at http://{}/player/", server.run_address);
    if let Some(address) = server.metrics_address {
        println!("Prometheus finds figures at http://{address}/metrics");
    }
    println!("The API key is {place}");
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            _ = sweep.tick() => server.sweep().await,
            () = signals.next() => break,
        }
    }
    println!("Seattime ends: it answers what is under way; the same signal again ends it at once");
    tokio::select! {
        () = server.shut_down() => Ok(()),
        () = signals.next() => bail!("ended at once; what was not acknowledged comes again"),
    }
}

/// The port after one; any that is free, if that is.
fn after(port: u16) -> u16 {
    if port == 0 { 0 } else { port.checked_add(1).unwrap_or(0) }
}

/// What asks the process to stop: listened for once, so that none is missed.
#[cfg(unix)]
struct Signals(Signal, Signal);

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.0.recv() => {}, _ = self.1.recv() => {} }
    }
}

/// What asks the process to stop.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
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
