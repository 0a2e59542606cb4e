//! Each session knows whether its content looked for the API.

use seattime_core::outcome::Completion;
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
    for (activity, looks) in [(0, false), (1, true), (0, false)] {
        visit.launch(now, activity);
        visit.note_loaded();
        if looks {
            visit.note_api_lookup();
        }
    }
    // Content that never looked for it is taken as completed once it has ended, and the page's list says no more before.
    let outcomes = visit.sessions().iter().map(|it| visit.outcome(it).unwrap());
    let completions: Vec<Completion> = outcomes.map(|it| it.completion).collect();
    assert_eq!(completions, [Completion::Completed, Completion::Unknown, Completion::Completed]);
    assert_eq!(visit.status(1), "not attempted");
}
