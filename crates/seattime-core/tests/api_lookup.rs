//! Each session knows whether its content looked for the API.

use seattime_core::ports::Instant;
use seattime_core::session::Kind;
use seattime_core::time::{CreditPolicy, PresencePolicy};
use seattime_core::{Version, Visit};

#[test]
fn a_lookup_belongs_to_the_session_that_is_loaded() {
    let now = Instant::default();
    let policy = PresencePolicy::default();
    let mut visit = Visit::open(Version::V12, policy, CreditPolicy::default(), 30_000, now, true);
    visit.add_activity("one", Kind::Sco, 1);
    visit.add_activity("two", Kind::Sco, 1);
    visit.note_api_lookup(); // There is no session yet.
    visit.launch(now, 0);
    visit.launch(now, 1);
    visit.note_api_lookup();
    visit.launch(now, 0);
    let looked: Vec<bool> = visit.sessions().iter().map(|it| it.looked_for_api).collect();
    assert_eq!(looked, [false, true, false]);
}
