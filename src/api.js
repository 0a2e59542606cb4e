// @ts-check
// What content finds: the API as bare functions that never throw and always answer texts.
//
// Integers cross to the instance; a name crosses once and is an element's number from then on (and what stands
// behind the number in a record's name likewise), a text that was set is answered from here, and one that is
// surely taken stays here until somebody needs it. Which element that is allowed for, and up to which length,
// Rust says; nothing is decided here.

import { element, limit, note, noteSet, onImage, put, read, recover, remember } from "./instance.js";
import * as wasm from "./wasm.js";

/**
 * @typedef {object} Known A name that was looked up.
 * @property {string} end How the name ends, behind the number of its record; nothing where it has none.
 * @property {number} number The element.
 * @property {number} inner The number of the record inside the record.
 * @property {boolean} plain Whether what was set may be answered from here.
 * @property {number} limit Up to how many characters every text is taken.
 * @property {string | undefined} text What was set or answered last.
 * @property {boolean} late Whether the instance does not have the text yet.
 */

/**
 * @typedef {object} Host What the API asks of the page around it.
 * @property {() => object | null} topDocument The top document of the content frame, if it can be reached.
 * @property {() => void} [lookedUp] A session's content reads the API's property for the first time.
 * @property {() => void} safe Writes the state down, and sends it when it may: content asked for it.
 * @property {(call: string, code: number) => void} called Is told of each call that begins, saves or ends a session.
 */

/**
 * What is told of a call of content: the function's name, its arguments, its answer, and the error code.
 *
 * @typedef {(name: string, first: string, second: string, answer: string, code: number) => void} Observer
 */

const PLAIN = 0x80000000;
const IN_RECORD = 0x40000000;
const NUMBER = 0xffff;
const NOTHING = 0xffffffff;
// No element's name is as long; what is beyond need not cross to be unknown.
const LONGEST_NAME = 4500;

/** @type {Map<string, Known>} */
const names = new Map();
// Names of records are built anew for each call, and looking them up in a map would cost more than asking the
// instance. So what stands before the number of a record and behind it is kept apart.
/** @type {string[]} How records' names begin, each at the place that a letter decides; another may push it out. */
let heads = [];
/** @type {Known[]} How they end, each at the place that its end decides. */
let ends = [];
/** @type {Set<Known>} */
const late = new Set();
let last = 0;
// Of the name that was looked at last: the number of its record, how it ends behind that, and where its end
// has its place.
let record = 0;
let endAt = 0;
let place = -1;
let isRunning = false;
/** Whether the session's content has read the API's property. */
let isLookedUp = false;
/** @type {WeakRef<object> | undefined} */
let initializedBy;
/** @type {Observer | undefined} */
let observer;

/** @param {unknown} value What content passed: real content passes numbers, and leaves arguments out. */
function text(value) {
    return value === null ? "" : String(value);
}

/** Hands over the texts that wait here. */
export function handOver() {
    for (const known of late) {
        const text = known.text ?? "";
        wasm.set_value(known.number, 0, 0, put(text, 0, true), text.length);
        known.late = false;
    }
    late.clear();
}
onImage(handOver, (name, value) => {
    const bytes = putName(name);
    wasm.set_named(bytes, put(value, bytes, true), value.length);
});

/** Forgets what was set: a session begins, and its values are others. */
export function forget() {
    handOver();
    for (const known of names.values()) known.text = undefined;
    isRunning = isLookedUp = false;
}

/**
 * What is known of a name.
 *
 * @param {string} name
 */
function knownAs(name) {
    record = 0;
    place = -1;
    if (!isRunning) return undefined;
    const letter = name.charCodeAt(4) & 31;
    const head = heads[letter];
    if (head === undefined) return names.get(name);
    let at = head.length;
    const first = name.charCodeAt(at) - 48;
    if (!(first >= 0 && first < 10)) return names.get(name);
    for (let digit = first; digit >= 0 && digit < 10; digit = name.charCodeAt(++at) - 48) record = 10 * record + digit;
    // How a number is written Rust judges, and so what is no name of a record.
    if ((first === 0 && at > head.length + 1) || at > head.length + 6 || !name.startsWith(head)) return undefined;
    endAt = at;
    // So chosen that no two ends of the tables share a place.
    const tail = name.length - 1;
    place = (22 * (tail - at) + name.charCodeAt(at + 2) + 5 * name.charCodeAt(tail) + 3 * letter) & 63;
    const known = ends[place];
    return known !== undefined && name.length === at + known.end.length && name.endsWith(known.end) ? known : undefined;
}

/**
 * Learns which element a name is that was not known; the table itself bounds how many there are.
 *
 * @param {string} name
 * @returns {Known | undefined}
 */
function learn(name) {
    const found = element();
    if (found === NOTHING || !isRunning) return undefined;
    const isInRecord = (found & IN_RECORD) !== 0;
    const more = limit();
    if (isInRecord && place < 0) {
        heads[name.charCodeAt(4) & 31] = name.slice(0, name.search(/\d/));
        knownAs(name);
    }
    const known = {
        end: isInRecord ? name.slice(endAt) : "",
        number: found & NUMBER,
        inner: isInRecord ? more : 0,
        plain: (found & PLAIN) !== 0,
        limit: isInRecord ? 0 : more,
        text: undefined,
        late: false,
    };
    if (!isInRecord) names.set(name, known);
    else if (place >= 0) ends[place] = known;
    else return undefined;
    return known;
}

/** @param {string} name */
function putName(name) {
    return put(name.length > LONGEST_NAME ? name.slice(0, LONGEST_NAME) : name, 0);
}

/** @param {string} name */
function getValue(name) {
    let known = knownAs(name);
    if (known !== undefined && known.text !== undefined) {
        last = 0;
        return known.text;
    }
    last = known === undefined ? wasm.get_named(putName(name)) : wasm.get_value(known.number, record, known.inner);
    if (last !== 0) return "";
    const answer = read();
    known ??= learn(name);
    if (known !== undefined && known.plain) known.text = answer;
    return answer;
}

/**
 * @param {string} name
 * @param {string} value
 */
function setValue(name, value) {
    let known = knownAs(name);
    const units = value.length;
    // What is surely taken waits here for whoever needs it: it costs no crossing now.
    if (known !== undefined && known.limit > 0 && units <= known.limit) {
        known.text = value;
        if (!known.late) {
            known.late = true;
            late.add(known);
        }
        noteSet(name, value);
        last = 0;
        return "true";
    }
    if (known === undefined) {
        const bytes = putName(name);
        const size = put(value, bytes, true);
        last = wasm.set_named(bytes, size, units);
        if (last !== 0) return "false";
        known = learn(name);
    } else {
        const size = put(value, 0, true);
        last = wasm.set_value(known.number, record, known.inner, size, units);
        if (last !== 0) return "false";
    }
    noteSet(name, value);
    if (known !== undefined && known.plain) known.text = value;
    return "true";
}

/**
 * The eight functions, by what they do.
 *
 * @param {Host} host
 * @returns {Record<string, (first: string, second: string) => string>}
 */
function functions(host) {
    return {
        Initialize: (argument) => {
            const top = host.topDocument();
            const isNew = top !== null && initializedBy?.deref() !== top;
            handOver();
            last = wasm.initialize(argument !== "", isNew);
            if (last === 0) {
                if (top !== null) initializedBy = new WeakRef(top);
                for (const known of names.values()) known.text = undefined;
                isRunning = true;
                remember();
            }
            host.called("Initialize", last);
            return last === 0 ? "true" : "false";
        },
        Terminate: (argument) => {
            handOver();
            last = wasm.terminate(argument !== "");
            if (last === 0) {
                isRunning = false;
                remember();
                host.safe();
            }
            host.called("Terminate", last);
            return last === 0 ? "true" : "false";
        },
        Commit: (argument) => {
            last = wasm.commit(argument !== "");
            if (last === 0) {
                note(() => wasm.commit(false));
                host.safe();
            }
            host.called("Commit", last);
            return last === 0 ? "true" : "false";
        },
        GetValue: getValue,
        SetValue: setValue,
        GetLastError: () => (last === 0 ? "0" : String(last)),
        GetErrorString: errorText,
        GetDiagnostic: (code) => errorText(code === "" ? String(last) : code),
    };
}

/** @param {string} code */
function errorText(code) {
    if (!/^\d{1,5}$/.test(code)) return "";
    wasm.error_text(Number(code));
    return read();
}

// What a function answers when the run-time fails twice.
const ON_FAILURE = { GetValue: "", GetErrorString: "", GetDiagnostic: "", GetLastError: "101" };
// These tell of the last error and never make one.
const TELLING = ["GetLastError", "GetErrorString", "GetDiagnostic"];

/**
 * Who is told of every call; nobody, if left out. It costs content nothing while nobody is.
 *
 * @param {Observer} [next]
 */
export function observe(next) {
    observer = next;
}

/**
 * What whoever listens does wrong is no matter of content's.
 *
 * @param {Observer} observer
 * @param {string} name
 * @param {string} first
 * @param {string} second
 * @param {string} answer
 */
function tell(observer, name, first, second, answer) {
    const code = last;
    try {
        observer(name, first, second, answer, code);
    } catch (failure) {
        console.error("seattime: a listener failed", failure);
    }
    last = code;
}

/**
 * A function as content calls it: whatever is passed, it answers a text and throws nothing.
 *
 * @param {string} name
 * @param {(first: string, second: string) => string} call
 */
function bare(name, call) {
    const otherwise = /** @type {Record<string, string>} */ (ON_FAILURE)[name] ?? "false";
    /** @param {unknown} failure */
    const fail = (failure) => {
        console.error(`seattime: ${name}`, failure);
        if (!TELLING.includes(name)) last = 101;
        return otherwise;
    };
    /**
     * @param {string} first
     * @param {string} second
     */
    const told = (first, second) => {
        const answer = call(first, second);
        if (observer !== undefined) tell(observer, name, first, second, answer);
        return answer;
    };
    return (/** @type {any} */ first, /** @type {any} */ second) => {
        try {
            if (typeof first !== "string") first = first === undefined ? "" : text(first);
            if (typeof second !== "string") second = second === undefined ? "" : text(second);
        } catch (failure) {
            return fail(failure); // A value of content's own that will not become a text.
        }
        try {
            return told(first, second);
        } catch (failure) {
            try {
                console.error("seattime: the run-time failed and is replaced", failure);
                recover();
                return told(first, second);
            } catch (again) {
                return fail(again);
            }
        }
    };
}

/**
 * Puts the API where content looks for it.
 *
 * Content keeps its functions in variables and calls them bare, so they do not need `this`.
 *
 * @param {Window} target The window that content finds by going up from its own.
 * @param {"1.2" | "2004"} version
 * @param {Host} host
 */
export function install(target, version, host) {
    // Another visit may speak another version, in which the names stand for other elements.
    names.clear();
    late.clear();
    heads = new Array(32);
    ends = new Array(64);
    [last, isRunning, initializedBy, observer] = [0, false, undefined, undefined];
    const prefix = version === "1.2" ? "LMS" : "";
    /** @type {[string, unknown][]} */
    const members = Object.entries(functions(host)).map(([name, call]) => {
        const ending = version === "1.2" && name === "Terminate" ? "Finish" : name;
        return [prefix + ending, bare(name, call)];
    });
    if (version === "2004") members.push(["version", "1.0"]);
    const place = version === "1.2" ? "API" : "API_1484_11";
    const api = Object.freeze(Object.fromEntries(members));
    isLookedUp = false;
    Object.defineProperty(target, place, {
        configurable: true,
        enumerable: true,
        get() {
            if (!isLookedUp) host.lookedUp?.();
            isLookedUp = true;
            return api;
        },
        set: (value) => Object.defineProperty(target, place, { value, writable: true }),
    });
}
