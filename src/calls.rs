//! What content calls, as the shim passes it on: every function answers the standard's error code.

use std::borrow::Cow;

use seattime_core::visit::Document;
use seattime_core::{Access, ElementId, Place, Refusal, Version, Visit};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::boundary::{Runtime, runtime};
use crate::clock::now;

/// In the cell beside an element: what was set may be answered again without asking.
const PLAIN: u32 = 1 << 31;
/// In the cell beside an element: it lies in a record, and beside it stands the number of the record inside.
const IN_RECORD: u32 = 1 << 30;
/// In the cell instead of an element: it has no number of its own.
const NOTHING: u32 = u32::MAX;
/// The error code of both versions for what should never happen.
const FAILED: u32 = 101;

/// Runs a call of content on the visit; a refusal becomes the version's code for it.
fn call(run: impl FnOnce(&mut Visit) -> Result<(), Refusal>) -> u32 {
    runtime(FAILED, |it| {
        let Some(visit) = it.visit.as_mut() else { return FAILED };
        let answer = run(visit);
        code(visit.version(), answer)
    })
}

fn code(version: Version, answer: Result<(), Refusal>) -> u32 {
    answer.err().map_or(0, |it| version.code(it))
}

fn without_argument(has_argument: bool) -> Result<(), Refusal> {
    if has_argument { Err(Refusal::Argument) } else { Ok(()) }
}

/// `Initialize`; `is_new_document` says whether another top document of the frame calls than last time.
#[wasm_bindgen]
pub fn initialize(has_argument: bool, is_new_document: bool) -> u32 {
    call(|visit| {
        without_argument(has_argument)?;
        visit.initialize(now(), if is_new_document { Document::New } else { Document::Same })
    })
}

/// `Terminate`.
#[wasm_bindgen]
pub fn terminate(has_argument: bool) -> u32 {
    call(|visit| {
        without_argument(has_argument)?;
        visit.terminate(now())
    })
}

/// `Commit`; the shim writes the state down after it.
#[wasm_bindgen]
pub fn commit(has_argument: bool) -> u32 {
    call(|visit| {
        without_argument(has_argument)?;
        visit.commit()
    })
}

/// Says in the cell which element a place is, and what the shim may do with it: nothing for one whose name
/// has to be told each time.
fn tell(it: &mut Runtime, version: Version, place: Place) {
    let row = version.element(place.element).filter(|it| !it.name.ends_with('}')); // A target is no number.
    let Some(row) = row else { return it.set_element(NOTHING, 0) };
    let element = u32::from(place.element.0);
    if row.is_in_record {
        return it.set_element(element | IN_RECORD, place.m);
    }
    let is_plain = row.access == Access::ReadWrite && !version.is_computed(place);
    let limit = it.visit.as_ref().filter(|_| is_plain).map_or(0, |it| it.most_units(row));
    it.set_element(element | if is_plain { PLAIN } else { 0 }, limit);
}

fn place(number: u32, n: u32, m: u32) -> Place {
    Place { element: ElementId(number as u16), n, m }
}

/// `GetValue` of a name that lies in the inbox; the cell then says where its text lies, and which element
/// it is, to be used instead of the name from now on.
#[wasm_bindgen]
pub fn get_named(name_bytes: u32) -> u32 {
    runtime(FAILED, |it| {
        let (found, version) = match it.one(name_bytes as usize) {
            Err(_) => return FAILED,
            Ok((visit, name)) => (visit.gettable(name), visit.version()),
        };
        match found {
            Err(refusal) => version.code(refusal),
            Ok(place) => {
                tell(it, version, place);
                answer(it, place)
            }
        }
    })
}

/// `GetValue` of an element in the record `n` and in the record `m` inside that, both 0 where there is none; the
/// cell then says where its text lies.
#[wasm_bindgen]
pub fn get_value(number: u32, n: u32, m: u32) -> u32 {
    runtime(FAILED, |it| answer(it, place(number, n, m)))
}

fn answer(it: &mut Runtime, place: Place) -> u32 {
    let Some(visit) = it.visit.as_ref() else { return FAILED };
    let version = visit.version();
    match visit.get(place) {
        Err(refusal) => return version.code(refusal),
        Ok(Cow::Borrowed(text)) => {
            let (address, bytes) = (text.as_ptr() as usize, text.len());
            it.point_at(address, bytes);
        }
        Ok(Cow::Owned(text)) => it.put(text.into_bytes()),
    }
    0
}

/// `SetValue` of a name that lies in the inbox, with the value behind it; `units` is the value's length in
/// UTF-16 units, in which the book counts its limits. The cell then says which element it is.
#[wasm_bindgen]
pub fn set_named(name_bytes: u32, value_bytes: u32, units: u32) -> u32 {
    runtime(FAILED, |it| {
        let Ok((visit, name, value)) = it.pair(name_bytes as usize, value_bytes as usize) else {
            return FAILED;
        };
        let version = visit.version();
        match visit.settable(name) {
            Err(refusal) => version.code(refusal),
            Ok(place) => {
                let answer = visit.set(place, value, units, now);
                tell(it, version, place);
                code(version, answer)
            }
        }
    })
}

/// `SetValue` of an element in the record `n` and in the record `m` inside that; the value lies in the inbox, and
/// `units` is its length in UTF-16 units.
#[wasm_bindgen]
pub fn set_value(number: u32, n: u32, m: u32, value_bytes: u32, units: u32) -> u32 {
    runtime(FAILED, |it| {
        let Ok((visit, value)) = it.one(value_bytes as usize) else { return FAILED };
        let answer = visit.set(place(number, n, m), value, units, now);
        code(visit.version(), answer)
    })
}

/// `GetErrorString`; the cell then says where the words lie, none for a code that is unknown.
#[wasm_bindgen]
pub fn error_text(code: u32) {
    runtime((), |it: &mut Runtime| {
        let text = it.visit.as_ref().map_or("", |visit| visit.version().error_text(code));
        it.point_at(text.as_ptr() as usize, text.len());
    });
}
