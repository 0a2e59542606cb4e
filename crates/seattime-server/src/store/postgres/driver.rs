//! Connections that are driven by the task that uses them, instead of one beside it.
//!
//! The statements of a transaction are all at hand before the connection gets its turn, and so leave together; and what
//! comes back wakes whom it is for, without another task between.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use deadpool_postgres::Connect;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What moves the bytes of one connection, until that ends.
type Connection = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes connections, and hands them to a [`Driver`].
pub(super) struct Driven {
    tls: MakeRustlsConnect,
    made: UnboundedSender<Connection>,
}

impl Connect for Driven {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = config.connect(self.tls.clone()).await?;
            let driven = Box::pin(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(%error, "A connection to the database ended");
                }
            });
            // Where nobody drives any more, the connection ends with this, and the client says so.
            let _ = self.made.send(driven);
            // There is no task of the connection's own that could be waited for or ended.
            Ok((client, tokio::spawn(std::future::ready(()))))
        })
    }
}

/// Moves the bytes of the connections that a [`Driven`] makes.
pub(super) struct Driver {
    made: UnboundedReceiver<Connection>,
}

impl Driver {
    /// A driver, and what makes its connections.
    pub(super) fn new(tls: MakeRustlsConnect) -> (Driven, Driver) {
        let (sender, made) = unbounded_channel();
        (Driven { tls, made: sender }, Driver { made })
    }

    /// Goes on with `work`, and with the connections whenever that waits.
    pub(super) async fn drive<T>(mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut connections = FuturesUnordered::new();
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            while let Poll::Ready(Some(made)) = self.made.poll_recv(context) {
                connections.push(made);
            }
            while let Poll::Ready(Some(())) = connections.poll_next_unpin(context) {}
            Poll::Pending
        })
        .await
    }
}
