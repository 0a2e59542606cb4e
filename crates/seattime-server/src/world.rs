//! The world that a server runs in, and the server that runs in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::{App, router};
use crate::assets::Assets;
use crate::clock::ServerClock;
use crate::config::Config;
use crate::error::StartError;
use crate::faults::Faults;
use crate::listen::listen;

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
    /// Where.
    pub address: SocketAddr,
    app: App,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// Starts a server; it listens once this answers.
///
/// # Errors
///
/// [`StartError`], one line that says what to do.
pub async fn serve(mut config: Config, world: World) -> Result<Server, StartError> {
    if config.demo && !config.host.is_loopback() {
        return Err(StartError::DemoInPublic);
    }
    let wanted = SocketAddr::new(config.host, config.port);
    let refused = |reason| StartError::Listen { address: wanted.to_string(), reason };
    let listener = TcpListener::bind(wanted).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    config.public_url.get_or_insert_with(|| format!("http://{address}"));
    let app = App::start(config, world).await?;
    let (stop, mut stopped) = watch::channel(false);
    let routes = router(app.clone());
    let limits = app.config.limits;
    let serving = tokio::spawn(async move {
        let until = async move {
            let _ = stopped.wait_for(|it| *it).await;
        };
        listen(listener, routes, limits, until).await;
    });
    Ok(Server { address, app, stop, serving })
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

    /// Takes no more requests, and ends once those under way are answered.
    pub async fn shut_down(self) {
        self.app.is_draining.store(true, Ordering::Relaxed);
        let _ = self.stop.send(true);
        let _ = self.serving.await;
    }
}
