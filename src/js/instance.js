// @ts-check
// The wasm instance as the rest of the page sees it: texts in and out, and a new instance where one trapped.
//
// What an instance knew is kept here, outside it: an image of its memory, and what was called since. So a trap
// costs one instance and not the session.

import * as wasm from "./wasm.js";

/** @typedef {RequestInfo | URL | Response | BufferSource | WebAssembly.Module} Source */

const encoder = new TextEncoder();
// A text may begin with U+FEFF, which is a character of its own here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
// Up to here a loop beats the encoder, whose call alone costs as much as 200 characters.
const SHORT = 256;

// JavaScript's texts may hold surrogates without a partner, Rust's and JSON's may not: see value/surrogates.rs. Most
// texts have no surrogate at all, or none that matters; searching for those costs far less than replacing.
const SURROGATE = /[\ud800-\udfff]/;
// How characters from U+10F000 on begin.
const RESERVED = /[\udbfc-\udbfe]/;
const UNSAFE = /[\ud800-\udfff\u{10f000}-\u{10f800}]/gu;
const HELD = /\u{10f800}?[\u{10f000}-\u{10f800}]/gu;
const FIRST = 0x10f000 - 0xd800;

/**
 * A text as the instance, messages and databases hold it.
 *
 * @param {string} text
 * @param {boolean} [isContent] Whether it comes from content; else it may be held so already.
 */
function held(text, isContent) {
    const isPlain = /** @type {any} */ (text).isWellFormed?.() && !RESERVED.test(text); // Safari has it since 16.4.
    if (isPlain || !SURROGATE.test(text)) return text;
    return text.replace(UNSAFE, (it) =>
        it.length < 2 ? String.fromCodePoint(it.charCodeAt(0) + FIRST) : isContent ? "\u{10f800}" + it : it);
}

/**
 * A text as content passed it.
 *
 * @param {string} text
 */
function meant(text) {
    if (!RESERVED.test(text)) return text;
    return text.replace(HELD, (it) =>
        it.length > 2 ? it.slice(2) : it === "\u{10f800}" ? it : String.fromCharCode(Number(it.codePointAt(0)) - FIRST));
}

/** @type {WebAssembly.Memory} */
let memory;
let bytes = new Uint8Array(0);
let words = new Uint32Array(0);
let inboxAt = 0;
let inboxRoom = 0;
let cellAt = 0;

let stackEnd = 0;
/** Everything behind the stack, as it lay in memory between two calls. */
let image = new Uint8Array(0);
/** @type {(string | (() => void))[]} What was called since the image, to be called again: functions, and what was set, a name and a value. */
let journal = [];
/** From how many entries on a new image costs less than it saves. */
let fullAt = 0;
/** @type {() => void} Hands over what JavaScript still holds back. */
let beforeImage = () => {};
/** @type {(name: string, value: string) => void} Sets a value again. */
let setAgain = () => {};

/**
 * Loads the run-time.
 *
 * @param {Source | Promise<Source>} [source] Its wasm, if not beside this module.
 */
export async function start(source) {
    wasm.initSync({ module: await compiled(await source) });
    attach();
    stackEnd = wasm.stack_end();
}

/** @param {Source} [source] */
async function compiled(source = new URL("wasm_bg.wasm", import.meta.url)) {
    if (source instanceof WebAssembly.Module) return source;
    if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return moduleOf(source);
    const response = source instanceof Response ? source : await fetch(source);
    if (!response.ok) throw new Error(`seattime: ${response.url} answered ${response.status}`);
    return moduleOf(await response.arrayBuffer());
}

/** @param {BufferSource} bytes */
function moduleOf(bytes) {
    try {
        // Functions are compiled when they are first called, so this takes less than handing it to another thread.
        return new WebAssembly.Module(bytes);
    } catch {
        return WebAssembly.compile(bytes); // Older browsers take more than 4 KiB only so.
    }
}

function attach() {
    // With an instance there, initSync answers its exports and makes nothing.
    memory = wasm.initSync(/** @type {any} */ (undefined)).memory;
    inboxRoom = 0;
    room(1024);
    cellAt = wasm.cell() / 4;
    look();
}

/** Looks at the memory anew, since growing it detaches every view: such a view has no length. */
function look() {
    bytes = new Uint8Array(memory.buffer);
    words = new Uint32Array(memory.buffer);
}

/** @param {number} size */
function room(size) {
    if (size > inboxRoom) {
        inboxAt = wasm.inbox(size);
        inboxRoom = size;
    }
    if (bytes.length === 0) look();
}

/**
 * Puts a text into the inbox, behind the bytes that are there; answers its length in bytes.
 *
 * @param {string} text
 * @param {number} at
 * @param {boolean} [isContent] Whether it comes from content: then any sequence of 16-bit units is kept as it is.
 */
export function put(text, at, isContent) {
    let length = text.length;
    if (length <= SHORT) {
        room(at + SHORT);
        let n = 0;
        for (; n < length; n++) {
            const unit = text.charCodeAt(n);
            if (unit > 127) break;
            bytes[inboxAt + at + n] = unit;
        }
        if (n === length) return length;
    }
    text = held(text, isContent);
    length = text.length;
    room(at + 3 * length);
    return encoder.encodeInto(text, bytes.subarray(inboxAt + at, inboxAt + inboxRoom)).written;
}

/** The bytes that the cell points at; they stay there until the next call. */
function pointedAt() {
    if (bytes.length === 0) look();
    const start = words[cellAt];
    return bytes.subarray(start, start + words[cellAt + 1]);
}

/**
 * The text that the cell points at.
 *
 * @param {boolean} [isMessage] Whether it is for a server, which holds texts as the instance does.
 */
export function read(isMessage) {
    const found = pointedAt();
    let text = "";
    if (found.length <= 16) {
        for (const byte of found) {
            if (byte > 127) break;
            text += String.fromCharCode(byte);
        }
    }
    if (text.length === found.length) return text;
    text = decoder.decode(found);
    return isMessage ? text : meant(text);
}

/** Up to how many characters every text of that element is taken; of one in a record, the number of the record inside. */
export function limit() {
    return words[cellAt + 3];
}

/** The element that the cell holds. */
export function element() {
    if (bytes.length === 0) look();
    return words[cellAt + 2];
}

/**
 * Takes an image of the memory: from here on, a new instance would go on.
 */
export function remember() {
    beforeImage();
    if (bytes.length === 0) look();
    const lasting = bytes.subarray(stackEnd);
    if (image.length === lasting.length) image.set(lasting);
    else image = lasting.slice();
    journal = [];
    // A large state is copied more rarely, so that copying costs each call the same.
    fullAt = 2000 + image.length / 100;
}

/**
 * Notes what has to be called again should the instance trap before the next image.
 *
 * @param {() => void} call
 */
export function note(call) {
    journal.push(call);
}

/**
 * Notes a value that was set.
 *
 * @param {string} name
 * @param {string} value
 */
export function noteSet(name, value) {
    journal.push(name, value);
    if (journal.length > fullAt) remember();
}

/**
 * @param {() => void} flush What to do before each image.
 * @param {(name: string, value: string) => void} set Sets a value again.
 */
export function onImage(flush, set) {
    beforeImage = flush;
    setAgain = set;
}

/** Replaces an instance that trapped: a new one, the last image, and what was called since. */
export function recover() {
    wasm.reinit();
    wasm.wake();
    attach();
    const missing = stackEnd + image.length - bytes.length;
    if (missing > 0) memory.grow(missing / 65536);
    look();
    bytes.set(image, stackEnd);
    attach();
    wasm.resume();
    const entries = journal.values();
    for (const entry of entries) {
        if (typeof entry === "string") setAgain(entry, String(entries.next().value));
        else entry();
    }
}

/**
 * Calls into the instance; where it traps, once more into a new one.
 *
 * @template T
 * @param {() => T} call
 * @param {T} otherwise What to answer when that traps too.
 */
export function guarded(call, otherwise) {
    try {
        return call();
    } catch (failure) {
        console.error("seattime: the run-time failed and is replaced", failure);
        try {
            recover();
            return call();
        } catch (again) {
            console.error("seattime: the run-time failed again", again);
            return otherwise;
        }
    }
}
