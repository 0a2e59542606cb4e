// @ts-check
// Names of elements, each looked up once: from then on it is a number, and what stands behind the number of a record
// likewise.

import { element, limit, put } from "./instance.js";

/**
 * @typedef {object} Known A name that was looked up.
 * @property {string} end How the name ends, behind the number of its record; nothing where it has none.
 * @property {number} number The element.
 * @property {number} inner The number of the record inside the record.
 * @property {boolean} plain Whether what was set may be answered from here.
 * @property {number} limit Up to how many characters every text is taken.
 * @property {string | undefined} text What was set or answered last.
 * @property {boolean} isPending Whether the instance does not have the text yet.
 */

const PLAIN = 0x80000000;
const IN_RECORD = 0x40000000;
const NUMBER = 0xffff;
const NOTHING = 0xffffffff;
// No element's name is as long; what is beyond need not cross to be unknown.
const LONGEST_NAME = 4500;
// A name's end has its place by its length, its third and its last letter, and a letter of its beginning, each times one of
// these. They are so chosen that no two ends of the tables share a place; `tests/name_places.rs` shows it and finds others.
const BY_LENGTH = 22, BY_THIRD = 1, BY_LAST = 5, BY_LETTER = 3;
const PLACES = 64;

/** @type {Map<string, Known>} */
const names = new Map();
// Names of records are built anew for each call, and looking them up in a map would cost more than asking the
// instance. So what stands before the number of a record and behind it is kept apart.
/** @type {string[]} How records' names begin, each at the place that a letter decides; another may push it out. */
let heads = [];
/** @type {Known[]} How they end, each at the place that its end decides. */
let ends = [];
/** Of the name that was looked up last, the number of its record. */
export let record = 0;
// How that name ends behind it, and where its end has its place.
let endAt = 0;
let place = -1;

/** Forgets every name: another visit may speak another version, in which they stand for other elements. */
export function clear() {
    names.clear();
    heads = new Array(32);
    ends = new Array(PLACES);
}

/** Forgets the texts. */
export function clearTexts() {
    for (const known of names.values()) known.text = undefined;
}

/** Nothing is looked up: no session runs. */
export function lookUpNothing() {
    record = 0;
    place = -1;
}

/**
 * Looks a name up.
 *
 * @param {string} name
 */
export function lookUp(name) {
    record = 0;
    place = -1;
    const letter = name.charCodeAt(4) & 31;
    const head = heads[letter];
    if (head === undefined) return names.get(name);
    let at = head.length;
    const first = name.charCodeAt(at) - 48;
    if (!(first >= 0 && first < 10)) return names.get(name);
    for (let digit = first; digit >= 0 && digit < 10; digit = name.charCodeAt(++at) - 48) record = 10 * record + digit;
    // Rust decides how a number is written, and so what is no name of a record.
    if ((first === 0 && at > head.length + 1) || at > head.length + 6 || !name.startsWith(head)) return undefined;
    endAt = at;
    const tail = name.length - 1;
    place = (BY_LENGTH * (tail - at) + BY_THIRD * name.charCodeAt(at + 2) + BY_LAST * name.charCodeAt(tail) + BY_LETTER * letter) & (PLACES - 1);
    const known = ends[place];
    return known !== undefined && name.length === at + known.end.length && name.endsWith(known.end) ? known : undefined;
}

/**
 * Learns which element a name is that was not known; the table itself bounds how many there are.
 *
 * @param {string} name
 * @returns {Known | undefined}
 */
export function learn(name) {
    const found = element();
    if (found === NOTHING) return undefined;
    const isInRecord = (found & IN_RECORD) !== 0;
    const more = limit();
    if (isInRecord && place < 0) {
        const letter = name.charCodeAt(4) & 31;
        // Ends behind another beginning are other elements: those go with it.
        if (heads[letter] !== undefined) ends = new Array(PLACES);
        heads[letter] = name.slice(0, name.search(/\d/));
        lookUp(name);
    }
    const known = {
        end: isInRecord ? name.slice(endAt) : "",
        number: found & NUMBER,
        inner: isInRecord ? more : 0,
        plain: (found & PLAIN) !== 0,
        limit: isInRecord ? 0 : more,
        text: undefined,
        isPending: false,
    };
    if (!isInRecord) names.set(name, known);
    else if (place >= 0) ends[place] = known;
    else return undefined;
    return known;
}

/** Puts a name into the inbox; returns its length in bytes. @param {string} name */
export function putName(name) {
    return put(name.length > LONGEST_NAME ? name.slice(0, LONGEST_NAME) : name, 0);
}
