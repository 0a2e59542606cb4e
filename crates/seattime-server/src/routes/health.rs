//! Whether the server lives, and whether it can keep anything.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::config::MOST_OFF_MS;
use crate::error::Problem;

/// The process lives: `GET /livez`.
pub(crate) async fn get_life() -> &'static str {
    "alive\n"
}

/// The database answers, the machine's clock is not far from its, and the server is not about to end: `GET /readyz`.
///
/// # Errors
///
/// 503 `unavailable`, `draining`, and `clock_off` where the clocks differ by more than [`MOST_OFF_MS`].
pub(crate) async fn get_readiness(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.is_draining.load(Ordering::Relaxed) {
        return Err(Problem::draining());
    }
    app.store.latest_ms().await?;
    if let Some(off_ms) = app.clock_off_ms().await.filter(|it| it.abs() > MOST_OFF_MS) {
        let detail = format!(
            "this machine's clock is {off_ms} ms ahead of the database's, at most {MOST_OFF_MS} are allowed; set it right"
        );
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "clock_off", detail));
    }
    Ok("ready\n")
}
