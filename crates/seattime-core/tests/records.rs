//! What becomes of records that are too many to be kept.

use seattime_core::model::{Edition, Version};
use seattime_core::ports::Instant;
use seattime_core::quirk::Quirks;
use seattime_core::session::Kind;
use seattime_core::time::{CreditPolicy, PresencePolicy};
use seattime_core::visit::{Document, Visit};
use seattime_core::{Profile, Refusal};

#[test]
fn a_record_that_finds_no_room_is_refused_aloud() {
    let now = Instant { monotonic_ms: 0.0, wall_ms: 0.0 };
    let profile = Profile { version: Version::V2004, edition: Edition::Fourth, quirks: Quirks::ALL };
    let mut visit =
        Visit::open(profile, PresencePolicy::default(), CreditPolicy::default(), 30_000, now, true);
    visit.add_activity("sco", Kind::Sco, 1);
    visit.launch(now, 0).unwrap();
    visit.initialize(now, Document::New).unwrap();

    let mut set = |n: u32| {
        let place = visit.settable(&format!("cmi.interactions.{n}.id"))?;
        visit.set(place, "id", 2, || now)
    };
    for n in 0..20_000 {
        assert_eq!(set(n), Ok(()), "interaction {n}");
    }
    assert_eq!(set(20_000), Err(Refusal::OutOfOrder), "content is told what is not kept");
    let count = visit.gettable("cmi.interactions._count").unwrap();
    assert_eq!(visit.get(count).unwrap(), "20000");
}
