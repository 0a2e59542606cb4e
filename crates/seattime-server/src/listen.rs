//! Connections: taken, given a limited time for the head of each request, and let end at the end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};
use tower::ServiceExt;

use crate::limits::Limits;
use crate::peer::Peer;

/// What the system asks for when it has no more to give, before the next try.
const BREATH: Duration = Duration::from_millis(200);

/// Answers requests until `stopped`, then those that are under way.
pub(crate) async fn listen(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    stopped: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.idle);
    let connections = GracefulShutdown::new();
    tokio::pin!(stopped);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files, most likely: they become fewer when connections end.
                    tracing::warn!(%error, "A connection could not be taken");
                    sleep(BREATH).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true); // Without it, an answer may wait for the network; nothing else is lost.
        let steps = Arc::new(AtomicUsize::new(0));
        let stream = HeadInTime::new(stream, Arc::clone(&steps), limits.head);
        let routes = routes.clone();
        let answer = move |request: Request<Incoming>| {
            let (routes, steps) = (routes.clone(), Arc::clone(&steps));
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(peer.ip()));
                steps.fetch_add(1, Ordering::Relaxed);
                let answer: Result<Response, _> = routes.oneshot(request).await;
                steps.fetch_add(1, Ordering::Relaxed);
                answer
            }
        };
        let connection = http.serve_connection(TokioIo::new(stream), service_fn(answer));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "A connection ended early");
            }
        });
    }
    drop(listener); // Whoever comes now is refused at once and asks another server.
    if tokio::time::timeout(limits.drain, connections.shutdown()).await.is_err() {
        tracing::warn!(
            "Requests were still under way and are given up; what was not acknowledged comes again"
        );
    }
}

/// A connection that fails where the head of a request takes too long, be it sent byte by byte.
struct HeadInTime {
    stream: TcpStream,
    /// Counts handlers that begin and that end: odd while one is at work.
    steps: Arc<AtomicUsize>,
    limit: Duration,
    /// Since which step a head is coming, and when it has to be there.
    coming: Option<(usize, Pin<Box<Sleep>>)>,
}

impl HeadInTime {
    fn new(stream: TcpStream, steps: Arc<AtomicUsize>, limit: Duration) -> HeadInTime {
        HeadInTime { stream, steps, limit, coming: Some((0, Box::pin(sleep(limit)))) }
    }
}

impl AsyncRead for HeadInTime {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let it = self.get_mut();
        let step = it.steps.load(Ordering::Relaxed);
        it.coming.take_if(|(since, _)| *since != step);
        if let Some((_, end)) = &mut it.coming
            && end.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut it.stream).poll_read(cx, buf))?;
        let is_idle = step.is_multiple_of(2) && it.coming.is_none();
        if is_idle && buf.filled().len() > before {
            it.coming = Some((step, Box::pin(sleep(it.limit))));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HeadInTime {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
