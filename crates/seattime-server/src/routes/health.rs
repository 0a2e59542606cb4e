//! Whether the server lives, and whether it can keep anything.

use std::sync::atomic::Ordering;

use axum::extract::State;

use crate::app::App;
use crate::error::Problem;

/// The process lives: `GET /livez`.
pub(crate) async fn get_life() -> &'static str {
    "alive\n"
}

/// The database answers, and the server is not about to end: `GET /readyz`.
///
/// # Errors
///
/// 503 `unavailable`, `draining`.
pub(crate) async fn get_readiness(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.is_draining.load(Ordering::Relaxed) {
        return Err(Problem::draining());
    }
    app.store.latest_ms().await?;
    Ok("ready\n")
}
