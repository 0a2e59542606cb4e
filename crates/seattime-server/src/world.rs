//! The world that a server runs in, and the server that runs in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::access::Face;
use crate::app::App;
use crate::assets::Assets;
use crate::clock::ServerClock;
use crate::config::Config;
use crate::error::StartError;
use crate::faces::{self, Apart};
use crate::faults::Faults;
use crate::front::Front;
use crate::listen::listen;
use crate::metrics;

/// What a server asks the world for.
#[derive(Clone)]
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn ServerClock>,
    /// Says what fails.
    pub faults: Arc<dyn Faults>,
    /// Name of SQLite's file layer; the system's, if left out.
    pub vfs: Option<String>,
    /// The pages and the run-time.
    pub assets: Arc<dyn Assets>,
}

/// A server that listens.
pub struct Server {
    /// Where its app face does.
    pub address: SocketAddr,
    /// Where its run face does.
    pub run_address: SocketAddr,
    /// Where Prometheus may ask, if anywhere.
    pub metrics_address: Option<SocketAddr>,
    app: App,
    stop: watch::Sender<bool>,
    serving: [JoinHandle<()>; 2],
    measured: Option<JoinHandle<()>>,
}

/// Starts a server; it listens once this answers.
///
/// # Errors
///
/// [`StartError`], one line that says what to do.
pub async fn serve(config: Config, world: World) -> Result<Server, StartError> {
    serve_as(config, world, |app| app).await
}

/// As [`serve`], with what its handlers are given changed before it listens.
///
/// # Errors
///
/// As those of [`serve`].
pub async fn serve_as(
    mut config: Config,
    world: World,
    change: impl FnOnce(App) -> App,
) -> Result<Server, StartError> {
    if config.demo && !config.host.is_loopback() {
        return Err(StartError::DemoInPublic);
    }
    if config.public_url.is_some() && config.run_url.is_none() {
        return Err(StartError::RunUrlMissing);
    }
    let (listener, address) = bind(SocketAddr::new(config.host, config.port), "--port").await?;
    let (run_listener, run_address) =
        bind(SocketAddr::new(config.host, config.run_port), "--run-port").await?;
    let measured = match config.metrics {
        Some(wanted) => Some(bind(wanted, "--metrics").await?),
        None => None,
    };
    let metrics_address = measured.as_ref().map(|it| it.1);
    let public_url = config.public_url.get_or_insert_with(|| format!("http://{address}"));
    let run_url = config.run_url.get_or_insert_with(|| format!("http://{run_address}"));
    match faces::apart(public_url, run_url) {
        Apart::Not => return Err(StartError::OneOrigin { url: run_url.clone() }),
        Apart::ByPort => tracing::warn!(
            public_url,
            run_url,
            "Courses share a host name with logins and reports: their scripts can meddle with its cookies; give --run-url a host name of its own"
        ),
        Apart::ByPortHere | Apart::ByHost => {}
    }
    let app = change(App::start(config, world).await?);
    let (stop, stopped) = watch::channel(false);
    let limits = app.config.limits;
    let serving = [(listener, Face::App), (run_listener, Face::Run)].map(|(listener, face)| {
        let (front, mut stopped) = (Front::new(app.clone(), face), stopped.clone());
        tokio::spawn(async move {
            let until = async move {
                let _ = stopped.wait_for(|it| *it).await;
            };
            let answer = move |peer, request| front.clone().answer(Some(peer), request);
            listen(listener, answer, limits, until).await;
        })
    });
    // To the last: what a server does while it ends is worth knowing.
    let measured = measured.map(|(listener, _)| {
        let routes = metrics::router(app.clone());
        let answer = move |_, request| {
            let answered = routes.clone().oneshot(request);
            async { answered.await.unwrap_or_else(|never| match never {}) }
        };
        tokio::spawn(listen(listener, answer, limits, std::future::pending()))
    });
    Ok(Server { address, run_address, metrics_address, app, stop, serving, measured })
}

/// Listens at an address, and says where: port 0 is any that is free. `option` is the one that chooses another.
async fn bind(wanted: SocketAddr, option: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |reason| StartError::Listen { address: wanted.to_string(), option, reason };
    let listener = TcpListener::bind(wanted).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

impl Server {
    /// What its handlers are given.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Closes what nothing was heard of; called now and then, by a timer or by a test.
    pub async fn sweep(&self) {
        self.app.sweep().await;
    }

    /// Says that it is about to end, takes no more requests after [`Limits::delay`], and ends once those under way
    /// are answered and everything is on disk. It waits for each of the two no longer than [`Limits::drain`].
    ///
    /// [`Limits::delay`]: crate::limits::Limits::delay
    /// [`Limits::drain`]: crate::limits::Limits::drain
    pub async fn shut_down(self) {
        let limits = self.app.config.limits;
        self.app.is_draining.store(true, Ordering::Relaxed);
        tokio::time::sleep(limits.delay).await;
        let _ = self.stop.send(true);
        for serving in self.serving {
            let _ = serving.await;
        }
        let settled = async {
            self.app.keep_blocked().await;
            self.app.store.settle().await
        };
        match tokio::time::timeout(limits.drain, settled).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "The database was not left in order; its next start sees to it")
            }
            Err(_) => {
                tracing::warn!("Writing took too long and is given up; what was not acknowledged comes again")
            }
        }
        if let Some(it) = self.measured {
            it.abort();
        }
    }
}
