//! The run-time for web pages: translates between JavaScript and the core, decides nothing.
//!
//! Integers cross the border, texts lie in an inbox (`boundary.rs`). Everything exported is a free
//! function over one static, since the instance may be replaced under its callers: when one traps, the
//! shim (`instance.js`) makes a new one with an earlier image of its memory.

mod boundary;
mod calls;
mod clock;
mod page;

pub use boundary::{cell, inbox, is_busy, reinit, stack_end, wake};
pub use calls::{commit, error_text, get_named, get_value, initialize, set_named, set_value, terminate};
pub use page::{
    acked, activity_status, add_activity, add_map, add_message, add_objective, answered, begin, counting,
    dialog, encode, encode_farewell, hide, identify, keep, launch, leave, long_text, measured_ms, media_item,
    next_message, note_api_lookup, note_evidence, note_loaded, open, play, preset, preset_record, resume,
    see_pages, sent, seq, share, show, take_away, tick, values,
};

/// Half the code of the default one, and no slower for what is allocated here.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
