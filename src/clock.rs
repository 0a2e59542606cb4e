//! The port `Clock` over `performance.now()` and `Date.now()`, sampled together.

use seattime_core::{Clock, Instant};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    // Looked up at each call, so that a page under test may set both clocks.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}

/// The page's clocks: the monotonic one for lengths, the other only to notice that the machine slept.
pub(crate) struct BrowserClock;

impl Clock for BrowserClock {
    fn now(&self) -> Instant {
        Instant { monotonic_ms: performance_now(), wall_ms: date_now() }
    }
}

/// The present moment.
pub(crate) fn now() -> Instant {
    BrowserClock.now()
}
