//! What content calls, as the shim passes it on: every function answers the standard's error code.

use seattime_core::visit::Document;
use seattime_core::{Access, ElementId, Refusal, Version, Visit};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::boundary::{Runtime, runtime};
use crate::clock::now;

/// In the cell beside an element: what was set may be answered again without asking.
const PLAIN: u32 = 1 << 31;
/// In the cell beside an element: its length alone decides, so that its text may come later.
const LONG: u32 = 1 << 30;
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

/// Looks a name up that lies in the inbox, for `SetValue` or for `GetValue`; the cell then holds the
/// element, to be used instead of the name from now on.
#[wasm_bindgen]
pub fn look_up(name_bytes: u32, to_set: bool) -> u32 {
    runtime(FAILED, |it| {
        let (found, version) = match it.one(name_bytes as usize) {
            Err(_) => return FAILED,
            Ok((visit, name)) => {
                let found = if to_set { visit.settable(name) } else { visit.gettable(name) };
                (found, visit.version())
            }
        };
        if let Ok(element) = found {
            it.set_element(packed(version, element));
        }
        code(version, found.map(|_| ()))
    })
}

/// An element's number, and what the shim may do with it.
fn packed(version: Version, element: ElementId) -> u32 {
    let number = u32::from(element.0);
    let Some(row) = version.element(element) else { return number };
    let is_plain = row.access == Access::ReadWrite && !version.is_computed(element);
    number | if is_plain { PLAIN } else { 0 } | if row.space.is_text() { LONG } else { 0 }
}

fn element(number: u32) -> ElementId {
    ElementId(number as u16)
}

/// `GetValue` of an element; the cell then says where its text lies.
#[wasm_bindgen]
pub fn get_value(number: u32) -> u32 {
    runtime(FAILED, |it| {
        let Some(visit) = it.visit.as_ref() else { return FAILED };
        let found = visit.get(element(number)).map(|it| (it.as_ptr() as usize, it.len()));
        let version = visit.version();
        if let Ok((address, bytes)) = found {
            it.point_at(address, bytes);
        }
        code(version, found.map(|_| ()))
    })
}

/// `SetValue` of an element; the value lies in the inbox, and `units` is its length in UTF-16 units, in
/// which the book counts its limits.
#[wasm_bindgen]
pub fn set_value(number: u32, value_bytes: u32, units: u32) -> u32 {
    runtime(FAILED, |it| {
        let Ok((visit, value)) = it.one(value_bytes as usize) else { return FAILED };
        let answer = visit.set(element(number), value, units, now);
        code(visit.version(), answer)
    })
}

/// `SetValue` of a long text that [`deliver`] brings later.
#[wasm_bindgen]
pub fn announce(number: u32, units: u32) -> u32 {
    call(|visit| visit.announce(element(number), units))
}

/// The text of a value that was announced; it lies in the inbox.
#[wasm_bindgen]
pub fn deliver(number: u32, value_bytes: u32) {
    runtime((), |it| {
        if let Ok((visit, value)) = it.one(value_bytes as usize) {
            visit.deliver(element(number), value);
        }
    });
}

/// `GetErrorString`; the cell then says where the words lie, none for a code that is unknown.
#[wasm_bindgen]
pub fn error_text(code: u32) {
    runtime((), |it: &mut Runtime| {
        let text = it.visit.as_ref().map_or("", |visit| visit.version().error_text(code));
        it.point_at(text.as_ptr() as usize, text.len());
    });
}
