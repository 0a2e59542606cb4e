//! How texts cross: they lie in an inbox on the way in, and a cell says where they lie on the way out.

use std::sync::{Mutex, MutexGuard};

use seattime_core::{Refusal, Visit};
use seattime_wire::LongText;
use wasm_bindgen::prelude::wasm_bindgen;

/// Everything that an instance keeps.
pub(crate) struct Runtime {
    pub(crate) visit: Option<Visit>,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    /// The texts that the message which was encoded last only names.
    pub(crate) long: Vec<LongText>,
    /// A text's address, its length in bytes, an element, and how long its texts may be or its inner record.
    cell: [u32; 4],
}

static RUNTIME: Mutex<Runtime> = Mutex::new(Runtime {
    visit: None,
    inbox: Vec::new(),
    outbox: Vec::new(),
    long: Vec::new(),
    cell: [0; 4],
});

/// The instance's state, unless a call is within a call.
fn state() -> Option<MutexGuard<'static, Runtime>> {
    RUNTIME.try_lock().ok()
}

/// Runs `call` on the instance's state; content that calls from within a call gets `busy`.
pub(crate) fn runtime<T>(busy: T, call: impl FnOnce(&mut Runtime) -> T) -> T {
    match state() {
        Some(mut runtime) => call(&mut runtime),
        None => busy,
    }
}

impl Runtime {
    /// The visit, and the first `first` and the next `second` bytes of the inbox, as texts.
    pub(crate) fn pair(&mut self, first: usize, second: usize) -> Result<(&mut Visit, &str, &str), Refusal> {
        let visit = self.visit.as_mut().ok_or(Refusal::General)?;
        let (first, rest) = self.inbox.split_at_checked(first).ok_or(Refusal::General)?;
        let second = rest.get(..second).ok_or(Refusal::General)?;
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Refusal::General);
        Ok((visit, text(first)?, text(second)?))
    }

    /// The visit, and the first `bytes` of the inbox as a text.
    pub(crate) fn one(&mut self, bytes: usize) -> Result<(&mut Visit, &str), Refusal> {
        self.pair(bytes, 0).map(|(visit, text, _)| (visit, text))
    }

    /// Puts bytes where the shim can fetch them.
    pub(crate) fn put(&mut self, bytes: Vec<u8>) {
        self.outbox = bytes;
        let (address, length) = (self.outbox.as_ptr() as usize, self.outbox.len());
        self.point_at(address, length);
    }

    /// Says where a text lies that stays where it is until the next call.
    pub(crate) fn point_at(&mut self, address: usize, length: usize) {
        let [at, bytes, ..] = &mut self.cell;
        (*at, *bytes) = (address as u32, length as u32);
    }

    /// Says which element a name stands for, and what the shim may do with it: a text of up to `more` UTF-16
    /// units is surely taken, none where that is 0; of an element in a record, `more` is the number of the
    /// record inside.
    pub(crate) fn set_element(&mut self, packed: u32, more: u32) {
        let [_, _, element, cell] = &mut self.cell;
        (*element, *cell) = (packed, more);
    }
}

/// Makes the inbox at least this many bytes long; answers its address in memory.
#[wasm_bindgen]
pub fn inbox(bytes: u32) -> u32 {
    runtime(0, |it| {
        if it.inbox.len() < bytes as usize {
            it.inbox.resize(bytes as usize, 0);
        }
        it.inbox.as_ptr() as usize as u32
    })
}

/// The address of the cell, which never moves: four numbers of 32 bits, a text's address, its length in
/// bytes, an element, and how long a text of it may be or the number of its inner record.
#[wasm_bindgen]
pub fn cell() -> u32 {
    runtime(0, |it| it.cell.as_ptr() as usize as u32)
}

/// From which address on lies all that outlives a call: behind the stack, where that comes first in memory.
#[wasm_bindgen]
pub fn stack_end() -> u32 {
    let local = 0_u8;
    let (on_stack, lasting) = (&raw const local as usize, &raw const RUNTIME as usize);
    // Whoever asks is only a few calls deep, and the stack's size is a multiple of a page.
    if on_stack < lasting { (on_stack as u32).next_multiple_of(65_536) } else { 0 }
}

/// Gives this instance up: the next call goes to a new one, which knows nothing.
#[wasm_bindgen]
pub fn reinit() {
    wasm_bindgen::handler::schedule_reinit();
}

/// Whether a call is under way: one that asks from outside of every call finds that it was broken off.
#[wasm_bindgen]
pub fn is_busy() -> bool {
    state().is_none()
}

/// Does nothing: the call after [`reinit`], since only one without arguments swaps instances safely.
#[wasm_bindgen]
pub fn wake() {}
