//! What stands before the routes of a face, and sees every request and its answer.
//!
//! These are no layers of axum's: each of those is a box or two for every request, and nearly all requests are commits.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use crate::access::Face;
use crate::app::App;
use crate::error::Problem;
use crate::faces::guard;
use crate::faults::Dropped;
use crate::peer::Peer;
use crate::request::Named;
use crate::routes::commits::post_commit;
use crate::routes::content_policy::MaySniff;
use crate::routes::sent::Sent;
use crate::routes::{COMMITS, names, routed};

/// What an address is logged and counted under that is none of ours: paths are as many as strangers like.
const OTHER: &str = "other";
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What answers the requests of one face.
#[derive(Clone)]
pub struct Front(Arc<Behind>);

/// What is behind it.
struct Behind {
    app: App,
    /// The routes, by path.
    names: matchit::Router<&'static str>,
    routes: Router,
}

impl Front {
    /// All routes of one face.
    pub fn new(app: App, face: Face) -> Front {
        let mut routes = routed(&app, face).fallback(async || Problem::not_found("page"));
        if face == Face::App {
            routes = routes.layer(from_fn_with_state(app.clone(), guard));
        }
        Front(Arc::new(Behind { names: names(face), routes: routes.with_state(app.clone()), app }))
    }

    /// Answers one request, and problems in words that hold its name. A panic ends one request, not the process.
    pub async fn answer(self, peer: Option<Peer>, request: Request) -> Response {
        let app = &self.0.app;
        let route = self.0.names.at(request.uri().path()).map_or(OTHER, |it| *it.value);
        let named = Named::of(&request, route);
        let mut handled = pin!(self.0.handle(route, peer, request));
        // Here and not by what wraps futures: each of those would move this one, and it is large.
        let answered = poll_fn(|context| {
            let _logged = named.span.enter();
            let step = catch_unwind(AssertUnwindSafe(|| handled.as_mut().poll(context)));
            step.unwrap_or_else(|panic| Poll::Ready(after_panic(panic)))
        });
        let answered = answered.await;
        let mut response = named.answered(app, answered);
        if response.extensions().get::<MaySniff>().is_none() {
            response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        }
        response
    }
}

impl Behind {
    async fn handle(&self, route: &str, peer: Option<Peer>, mut request: Request) -> Response {
        if route == COMMITS && request.method() == Method::POST {
            let body = Box::pin(Sent::from_request(request, &self.app)); // Gone again before the commit waits.
            return match body.await {
                Ok(body) => post_commit(State(self.app.clone()), body).await.into_response(),
                Err(problem) => problem.into_response(),
            };
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let answered = Box::pin(self.routes.clone().oneshot(request));
        answered.await.unwrap_or_else(|never| match never {})
    }
}

/// A dropped connection is a test's wish.
fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    if panic.is::<Dropped>() {
        std::panic::resume_unwind(panic);
    }
    let reason = panic.downcast_ref::<&str>().copied().unwrap_or("no reason given");
    tracing::error!(reason, "A handler panicked");
    Problem::internal().into_response()
}
