// @ts-check
// What content finds: the API as bare functions that never throw and always answer texts.
//
// Integers cross to the instance; a name crosses once (names.js), a text that was set is answered from here, and one
// that is surely taken stays here until somebody needs it. Which element that is allowed for, and up to which length,
// Rust says; nothing is decided here.

import { note, noteSet, onImage, put, read, recover, remember } from "./instance.js";
import * as names from "./names.js";
import * as wasm from "./wasm.js";

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

/** Names whose texts wait here. @type {Set<import("./names.js").Known>} */
const pending = new Set();
let last = 0;
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
export function flush() {
    for (const known of pending) {
        const text = known.text ?? "";
        wasm.set_value(known.number, 0, 0, put(text, 0, true), text.length);
        known.isPending = false;
    }
    pending.clear();
}
onImage(flush, (name, value) => {
    const bytes = names.putName(name);
    wasm.set_named(bytes, put(value, bytes, true), value.length);
});

/** Forgets what was set: a session begins, and its values are others. */
export function forget() {
    flush();
    names.clearTexts();
    isRunning = isLookedUp = false;
}

/** What is known of a name; nothing while no session runs. @param {string} name */
function lookUp(name) {
    if (isRunning) return names.lookUp(name);
    names.lookUpNothing();
    return undefined;
}

/** @param {string} name */
function learn(name) {
    return isRunning ? names.learn(name) : undefined;
}

/** @param {string} name */
function getValue(name) {
    let known = lookUp(name);
    if (known !== undefined && known.text !== undefined) {
        last = 0;
        return known.text;
    }
    last = known === undefined ? wasm.get_named(names.putName(name)) : wasm.get_value(known.number, names.record, known.inner);
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
    let known = lookUp(name);
    const units = value.length;
    // What is surely taken waits here for whoever needs it: it costs no crossing now.
    if (known !== undefined && known.limit > 0 && units <= known.limit) {
        known.text = value;
        if (!known.isPending) {
            known.isPending = true;
            pending.add(known);
        }
        noteSet(name, value);
        last = 0;
        return "true";
    }
    if (known === undefined) {
        const bytes = names.putName(name);
        const size = put(value, bytes, true);
        last = wasm.set_named(bytes, size, units);
        if (last !== 0) return "false";
        known = learn(name);
    } else {
        const size = put(value, 0, true);
        last = wasm.set_value(known.number, names.record, known.inner, size, units);
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
            flush();
            last = wasm.initialize(argument !== "", isNew);
            if (last === 0) {
                if (top !== null) initializedBy = new WeakRef(top);
                names.clearTexts();
                isRunning = true;
                remember();
            }
            host.called("Initialize", last);
            return last === 0 ? "true" : "false";
        },
        Terminate: (argument) => {
            flush();
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
    names.clear();
    pending.clear();
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
