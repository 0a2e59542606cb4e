// @ts-check
// What is not acknowledged, as messages.

import { flush } from "./api.js";
import { guarded, read } from "./instance.js";
import * as wasm from "./wasm.js";

/**
 * @typedef {object} Message What is sent at once.
 * @property {string} body
 * @property {number} seq The number of the last change in it.
 * @property {number} [part] Which part of a long text it is, from 0, if it is one.
 */

/** @typedef {{ visit: string, lease: number, token: string }} Sender Whose messages they are. */

// A server takes up to 256 KiB at once.
const MESSAGE_BYTES = 180_000;
// So many characters of a long text go into one part: less than a message, even as six bytes each.
const PART = 32_000;

/**
 * Everything that is not acknowledged, as one message.
 *
 * @param {number} reason
 */
export function encode(reason) {
    return guarded(() => {
        flush();
        wasm.encode(reason, 0, 0);
        return read(true);
    }, "");
}

/**
 * Everything that is not acknowledged, as messages in their order: commits, before each the parts of the long texts that
 * it names.
 *
 * @param {number} reason
 * @param {Sender} sender
 * @param {boolean} isOne Whether it is one message: a host's own transport takes it in one.
 * @returns {Message[]}
 */
export function messages(reason, sender, isOne) {
    if (isOne) {
        const body = encode(reason);
        return body === "" ? [] : [{ body, seq: wasm.seq() }];
    }
    return guarded(() => {
        flush();
        /** @type {Message[]} */
        const found = [];
        let seq = wasm.acked();
        do {
            seq = wasm.encode(reason, seq, MESSAGE_BYTES);
            const commit = { body: read(true), seq };
            for (let n = 0, change; (change = wasm.long_text(n)) > 0; n++) found.push(...partsOf(change, read(true), sender));
            found.push(commit);
        } while (seq < wasm.seq());
        return found;
    }, []);
}

/**
 * @param {number} seq
 * @param {string} text
 * @param {Sender} sender
 * @returns {Message[]}
 */
function partsOf(seq, text, sender) {
    const pieces = [];
    for (let at = 0; at < text.length; ) {
        // No part ends within a character.
        const end = at + PART - Number((text.charCodeAt(at + PART - 1) & 0xfc00) === 0xd800);
        pieces.push(text.slice(at, end));
        at = end;
    }
    const head = { v: 1, ...sender, seq, of: pieces.length };
    return pieces.map((text, n) => ({ body: JSON.stringify({ ...head, n, text }), seq, part: n }));
}

/** What fits into so many bytes, the most important first. @param {number} bytes */
export function farewell(bytes) {
    return guarded(() => {
        wasm.encode_farewell(bytes);
        return read(true);
    }, "");
}
