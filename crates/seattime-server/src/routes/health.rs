//! Whether the server lives, and whether it can keep anything.

use axum::extract::State;

use crate::app::App;
use crate::error::Problem;

/// The process lives: `GET /healthz`.
pub(crate) async fn get_health() -> &'static str {
    "alive\n"
}

/// The database answers: `GET /readyz`.
pub(crate) async fn get_readiness(State(app): State<App>) -> Result<&'static str, Problem> {
    app.store.latest_ms().await?;
    Ok("ready\n")
}
