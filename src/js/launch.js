// @ts-check
// From a launch to its visit: earlier work is sent first, then the server opens the visit.

import { post, postAndLeave } from "./http.js";
import * as idb from "./idb.js";
import { start as load } from "./instance.js";
import { Visit } from "./visit.js";

/** @typedef {import("./types.js").LaunchData} LaunchData */
/** @typedef {import("./types.js").Opened} Opened */
/** @typedef {import("./types.js").Options} Options */

/**
 * Sends a message.
 *
 * @typedef {(message: string, isLeaving: boolean, isPart?: boolean) => ReturnType<typeof post>} Send
 */

/** Why a visit could not be opened: a problem with a stable `code`. */
export class LaunchError extends Error {
    /** @param {import("./http.js").Problem} problem */
    constructor(problem) {
        super(problem.detail);
        this.name = "LaunchError";
        this.code = problem.code;
        this.status = problem.status;
    }
}

// Work of earlier visits is waited for this long without an answer, since this visit would not read it else; and this
// long in all, since the launch's code lasts two minutes.
const LEFTOVERS_MS = 8000;
const LEFTOVERS_MOST_MS = 60_000;

/**
 * Opens a visit and puts the API where content finds it. Content is launched by `start`.
 *
 * @param {Options} options
 * @returns {Promise<Visit>}
 * @throws {LaunchError} When the server does not open the visit.
 */
export async function launch(options) {
    const { server = "", code, launchToken = "", data } = options;
    const send = sender(options);
    const loading = load(options.wasm);
    if (data) {
        // Whoever brings the values has read them already: nothing that is still to arrive could change them.
        await loading;
        const visit = new Visit(complete(data), options, send);
        // Content comes first.
        setTimeout(() => sendLeftovers(send));
        return visit;
    }
    let onAnswer = () => {};
    const waited = new Promise((resolve) => {
        const until = performance.now() + LEFTOVERS_MOST_MS;
        /** @type {ReturnType<typeof setTimeout>} */ let timer;
        onAnswer = () => {
            clearTimeout(timer);
            timer = setTimeout(resolve, Math.min(LEFTOVERS_MS, until - performance.now()));
        };
        onAnswer();
    });
    await Promise.all([loading, Promise.race([sendLeftovers(send, onAnswer), waited])]);
    const body = { ...(code ? { code } : { launch_token: launchToken }), keeps_origin: true };
    const { answer, problem } = await post(`${server}/run/v1/visits`, JSON.stringify(body));
    if (problem) throw new LaunchError(problem);
    return new Visit(answer, options, send);
}

/**
 * Sends what earlier visits left in this browser; most launches find nothing. Never rejects.
 *
 * @param {Send} send
 * @param {() => void} [onAnswer] Is called whenever the server has answered.
 */
async function sendLeftovers(send, onAnswer = () => {}) {
    try {
        await idb.open();
        const found = await idb.leftovers();
        if (found.size > 0) await (await import("./leftovers.js")).sendAll(found, send, idb, onAnswer);
    } catch (failure) {
        console.error("seattime: leftovers of earlier visits were not sent", failure); // The launch goes on.
    }
}

/**
 * Launch data with every default.
 *
 * @param {LaunchData} data
 * @returns {Opened}
 */
function complete(data) {
    return {
        visit: `${Date.now()}-${Math.random()}`,
        lease: 1,
        token: "",
        launch_token: "",
        server_ms: Date.now(),
        policy: { idle_limit_ms: 300_000, tail_ms: 30_000, credit: "corroborated", heartbeat_ms: 30_000 },
        edition: 4,
        strict: false,
        mode: "continue",
        attempt: 1,
        course: "",
        topic: "",
        values: {},
        ...data,
        activities: data.activities.map((it) => ({
            title: it.id, kind: "sco", try: 1, depth: 0, status: "not attempted", ...it,
        })),
    };
}

/**
 * Returns how commits are sent: to the server, or by the host's own transport.
 *
 * @param {Options} options
 * @returns {Send}
 */
function sender({ server = "", transport }) {
    if (!transport) {
        return (message, isLeaving, isPart) =>
            (isLeaving ? postAndLeave : post)(`${server}/run/v1/${isPart ? "parts" : "commits"}`, message);
    }
    return async (message, isLeaving) => {
        try {
            return { answer: (await transport(message, isLeaving)) ?? {} };
        } catch (error) {
            const { code = "transport", status = 0, retryAfterMs = 0 } = /** @type {any} */ (error) ?? {};
            return { problem: { status, code, detail: String(error), retryAfterMs, body: {} } };
        }
    };
}
