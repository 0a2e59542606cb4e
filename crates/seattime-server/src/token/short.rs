//! The claims of a visit in as few bytes as will do, since every message of it carries them.
//!
//! Ids are 16 bytes where they are UUIDs, numbers take 7 bits a byte, and the tenant is what is left.

use seattime_wire::Mode;
use uuid::Uuid;

use super::VisitClaims;

/// What the first byte says: this layout. No JSON begins with it.
const LAYOUT: u8 = 1;
/// Modes by their number. What is kept in browsers has it: new ones go to the end.
const MODES: [Mode; 4] = [Mode::Continue, Mode::New, Mode::Review, Mode::Browse];
/// Length of an id that is a UUID: it has no length of its own.
const UUID: u64 = 0;

/// The claims, without the origin, and when the token expires, in s since 1970.
pub(super) fn written(claims: &VisitClaims, expires_s: i64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    let mode = MODES.iter().position(|it| *it == claims.mode).unwrap_or_default();
    bytes.extend([LAYOUT, mode as u8]);
    for id in [&claims.learner, &claims.attempt, &claims.visit] {
        push_id(&mut bytes, id);
    }
    for number in [u64::from(claims.lease), claims.opened_ms as u64, expires_s as u64] {
        push_number(&mut bytes, number);
    }
    bytes.extend_from_slice(claims.tenant.as_bytes());
    bytes
}

/// What was written, and when it expires, in s since 1970; none where it is of another layout.
pub(super) fn read(bytes: &[u8]) -> Option<(VisitClaims, i64)> {
    let mut rest = bytes.strip_prefix(&[LAYOUT])?;
    let (mode, after) = rest.split_first()?;
    rest = after;
    let mode = *MODES.get(usize::from(*mode))?;
    let (learner, attempt, visit) = (take_id(&mut rest)?, take_id(&mut rest)?, take_id(&mut rest)?);
    let lease = u32::try_from(take_number(&mut rest)?).ok()?;
    let (opened_ms, expires_s) = (take_number(&mut rest)? as i64, take_number(&mut rest)? as i64);
    let tenant = std::str::from_utf8(rest).ok()?.to_owned();
    Some((VisitClaims { tenant, learner, attempt, visit, lease, opened_ms, mode, origin: None }, expires_s))
}

fn push_id(bytes: &mut Vec<u8>, id: &str) {
    match Uuid::try_parse(id).ok().filter(|it| it.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == id)
    {
        Some(uuid) => {
            push_number(bytes, UUID);
            bytes.extend_from_slice(uuid.as_bytes());
        }
        // An empty text would be taken for a UUID: lengths are counted from 1.
        None => {
            push_number(bytes, id.len() as u64 + 1);
            bytes.extend_from_slice(id.as_bytes());
        }
    }
}

fn take_id(rest: &mut &[u8]) -> Option<String> {
    let length = take_number(rest)?;
    if length == UUID {
        let (uuid, after) = rest.split_first_chunk()?;
        *rest = after;
        return Some(Uuid::from_bytes(*uuid).to_string());
    }
    let (text, after) = rest.split_at_checked(usize::try_from(length - 1).ok()?)?;
    *rest = after;
    Some(std::str::from_utf8(text).ok()?.to_owned())
}

/// Seven bits a byte, the lowest first; all but the last byte have the eighth set.
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> VisitClaims {
        VisitClaims {
            tenant: "default".to_owned(),
            learner: "00112233-4455-6677-8899-aabbccddeeff".to_owned(),
            attempt: "ffffffff-ffff-ffff-ffff-ffffffffffff".to_owned(),
            visit: "01234567-89ab-cdef-0123-456789abcdef".to_owned(),
            lease: 300,
            opened_ms: 1_700_000_000_000,
            mode: Mode::Review,
            origin: None,
        }
    }

    /// Browsers keep them for weeks: what is there is read by every later version.
    #[test]
    fn the_layout_stays_as_it_is() {
        #[rustfmt::skip]
        let expected = [
            &[1, 2][..],
            &[0], &[0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff],
            &[0], &[0xff; 16],
            &[0], &[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef],
            &[0xac, 0x02],                         // 300 = 2 · 128 + 44
            &[0x80, 0xd0, 0x95, 0xff, 0xbc, 0x31], // 1,700,000,000,000
            &[0xff, 0x01],                         // 255 = 1 · 128 + 127
            b"default",
        ]
        .concat();
        assert_eq!(written(&claims(), 255), expected);
        assert_eq!(read(&expected), Some((claims(), 255)));
    }

    #[test]
    fn whatever_claims_there_are_are_read_as_they_were_written() {
        let long = "x".repeat(300);
        let texts = ["", "nobody", "Ärger", &long, "00112233445566778899aabbccddeeff"];
        let upper = "00112233-4455-6677-8899-AABBCCDDEEFF";
        for id in texts.into_iter().chain([upper]) {
            for mode in MODES {
                for (lease, opened_ms, expires_s) in
                    [(0, 0, 0), (u32::MAX, i64::MAX, i64::MAX), (1, -1, i64::MIN)]
                {
                    let (tenant, learner, attempt) = (id.to_owned(), id.to_owned(), id.to_owned());
                    let claims = VisitClaims { tenant, learner, attempt, lease, opened_ms, mode, ..claims() };
                    assert_eq!(read(&written(&claims, expires_s)), Some((claims, expires_s)), "{id}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_is_no_claims_or_those_of_a_shorter_tenant() {
        let whole = written(&claims(), 255);
        for length in 0..whole.len() {
            let found = read(&whole[..length]).map(|it| it.0.tenant);
            let left = (length + "default".len()).checked_sub(whole.len());
            assert_eq!(found.as_deref(), left.map(|it| &"default"[..it]), "{length}");
        }
        assert_eq!(read(&[&[2], &whole[1..]].concat()), None, "of another layout");
        assert_eq!(read(&[&[1, 4], &whole[2..]].concat()), None, "a mode that is none");
        assert_eq!(read(&[&[1, 0], &[0xff; 12][..]].concat()), None, "a number without an end");
        assert_eq!(read(b"\x01\x00\x02\xff"), None, "no UTF-8");
    }
}
