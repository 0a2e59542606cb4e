//! The run-time for web pages: translates between JavaScript and the core, decides nothing.

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of the run-time.
#[wasm_bindgen]
pub fn version() -> u32 {
    1
}
