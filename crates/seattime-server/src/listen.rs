//! Connections: taken, given a limited time for the head of each request, and let end at the end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::limits::Limits;
use crate::peer::Peer;

/// Pieces of an answer up to so many bytes in all leave as one: to copy them costs less than to have the system gather
/// them.
const COPIED: usize = 1_024;
/// What the system asks for when it has no more to give, before the next try.
const BREATH: Duration = Duration::from_millis(200);

/// Answers requests until `stopped`, then those that are under way.
pub(crate) async fn listen<A: Future<Output = Response> + Send>(
    listener: TcpListener,
    answer: impl Fn(Peer, Request) -> A + Clone + Send + 'static,
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
        let answer = answer.clone();
        let answer = move |request: hyper::Request<Incoming>| {
            let (answer, steps) = (answer.clone(), Arc::clone(&steps));
            async move {
                steps.fetch_add(1, Ordering::Relaxed);
                let answered = answer(Peer(peer.ip()), request.map(Body::new)).await;
                steps.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(answered)
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
    coming: Option<Coming>,
}

/// A head that is on its way.
struct Coming {
    /// Since which step.
    since: usize,
    /// When it has to be there.
    end: Instant,
    /// Wakes then; most heads come at once, and need none.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Coming {
    fn within(limit: Duration, since: usize) -> Coming {
        Coming { since, end: Instant::now() + limit, timer: None }
    }
}

impl HeadInTime {
    fn new(stream: TcpStream, steps: Arc<AtomicUsize>, limit: Duration) -> HeadInTime {
        HeadInTime { stream, steps, limit, coming: Some(Coming::within(limit, 0)) }
    }
}

impl AsyncRead for HeadInTime {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let it = self.get_mut();
        let step = it.steps.load(Ordering::Relaxed);
        it.coming.take_if(|it| it.since != step);
        if let Some(Coming { end, timer, .. }) = &mut it.coming
            && timer.get_or_insert_with(|| Box::pin(sleep_until(*end))).as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut it.stream).poll_read(cx, buf))?;
        let is_idle = step.is_multiple_of(2) && it.coming.is_none();
        if is_idle && buf.filled().len() > before {
            it.coming = Some(Coming::within(it.limit, step));
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
        let stream = Pin::new(&mut self.get_mut().stream);
        let mut whole = [0; COPIED];
        let mut length = 0;
        for piece in bufs {
            let Some(room) = whole.get_mut(length..length + piece.len()) else {
                return stream.poll_write_vectored(cx, bufs);
            };
            room.copy_from_slice(piece);
            length += piece.len();
        }
        stream.poll_write(cx, whole.get(..length).unwrap_or_default())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
