// @ts-check
// The run-time of one page: opens a visit, offers content the API, keeps time, sends what it knows.
//
//     const visit = await launch({ frame, code });
//     await visit.start(0);

import * as api from "./api.js";
import { guarded, note, put, read, remember, start as load, wasm } from "./instance.js";
import { watch } from "./signals.js";
import * as store from "./store.js";
import { post, postAndLeave } from "./wire.js";

/**
 * @typedef {object} Activity What can be launched.
 * @property {string} id
 * @property {string} title
 * @property {"sco" | "asset"} kind
 * @property {string} url
 * @property {number} try
 * @property {number} depth How deep it lies in the organization, from 0.
 * @property {string} status In the report's words.
 */

/**
 * @typedef {object} Opened A visit, as the server opened it.
 * @property {string} visit
 * @property {number} lease
 * @property {string} token
 * @property {string} launch_token
 * @property {number} server_ms
 * @property {{ idle_limit_ms: number, tail_ms: number, credit: "corroborated" | "reported" | "measured", heartbeat_ms: number }} policy
 * @property {"1.2" | "2004"} api
 * @property {"continue" | "new" | "review" | "browse"} mode
 * @property {number} attempt
 * @property {string} course
 * @property {string} topic
 * @property {string} [return_url]
 * @property {Activity[]} activities
 * @property {Record<string, Record<string, string>>} values
 */

/**
 * @typedef {object} Saving How safe the learner's work is.
 * @property {"saved" | "saving" | "unsaved" | "stopped"} state `stopped`: nothing of this page will be kept any more.
 * @property {number} [atMs] When it was saved, by the page's wall clock.
 * @property {number} [retryInMs] When it is tried again.
 * @property {string} [why] Code of the problem.
 * @property {string} [detail] The problem, for people.
 * @property {{ session: number, element: string, code: number }[]} [refused] Values that the server did not keep.
 */

/**
 * @typedef {object} Options
 * @property {HTMLIFrameElement} frame Where content is shown.
 * @property {string} [code] The launch's code.
 * @property {string} [launchToken] Or, after a reload, the token of the visit before.
 * @property {string} [server] Where the server is; this page's own, if left out.
 * @property {Window} [window] Where content finds the API; this window, if left out.
 * @property {RequestInfo | URL | BufferSource | WebAssembly.Module} [wasm] The run-time's wasm, if not beside this module.
 * @property {(saving: Saving) => void} [onSaving] Is told whenever the state of saving changes.
 * @property {(second: { measuredMs: number, isCounting: boolean }) => void} [onSecond] Is told the time, once a second.
 * @property {(ended: { activity: Activity, how: "terminated" | "taken" }) => void} [onEnded] Is told of each session's end.
 */

/** Why a visit could not be opened: a problem with a stable `code`. */
export class LaunchError extends Error {
    /** @param {import("./wire.js").Problem} problem */
    constructor(problem) {
        super(problem.detail);
        this.name = "LaunchError";
        this.code = problem.code;
        this.status = problem.status;
    }
}

const REASONS = { heartbeat: 0, autosave: 1, commit: 2, terminate: 3, hidden: 4 };
const POLICIES = ["corroborated", "reported", "measured"];
// What earlier visits left behind is waited for this long.
const LEFTOVERS_MS = 3000;
// The last words of a visit are waited for this long.
const FAREWELL_MS = 3000;
const LOCK = "seattime:";

/**
 * Opens a visit and puts the API where content finds it. Content is launched by `start`.
 *
 * @param {Options} options
 * @returns {Promise<Visit>}
 * @throws {LaunchError} When the server does not open the visit.
 */
export async function launch(options) {
    const server = options.server ?? "";
    await Promise.all([load(/** @type {any} */ (options.wasm)), store.open()]);
    await Promise.race([sendLeftovers(server), new Promise((resolve) => setTimeout(resolve, LEFTOVERS_MS))]);
    const body = options.code ? { code: options.code } : { launch_token: options.launchToken ?? "" };
    const { answer, problem } = await post(`${server}/run/v1/visits`, JSON.stringify(body));
    if (problem) throw new LaunchError(problem);
    return new Visit(answer, options);
}

/** A visit: one load of the page. */
export class Visit {
    /** @type {Opened} */ #opened;
    /** @type {Options} */ #options;
    /** @type {string} */ #token;
    /** @type {Activity | undefined} */ #loaded;
    /** @type {ReturnType<typeof setInterval>} */ #clock;
    /** @type {ReturnType<typeof watch>} */ #signals;
    #listeners = new AbortController();
    #isStopped = false;
    /** Whether the page is on its way out: its content may still have something to say. */
    #isLeaving = false;
    #commits;
    /** What was written down last, as far as the numbers of changes tell. */
    #keptSeq = -1;

    /**
     * @param {Opened} opened
     * @param {Options} options
     */
    constructor(opened, options) {
        [this.#opened, this.#options, this.#token] = [opened, options, opened.token];
        this.#commits = `${options.server ?? ""}/run/v1/commits`;
        const { policy } = opened;
        const isVisible = document.visibilityState === "visible";
        wasm.open(
            opened.api === "1.2" ? 12 : 2004,
            policy.idle_limit_ms,
            policy.tail_ms,
            POLICIES.indexOf(policy.credit),
            policy.heartbeat_ms,
            isVisible,
        );
        this.#identify(opened.token);
        for (const activity of opened.activities) {
            wasm.add_activity(put(activity.id, 0), activity.kind === "sco", activity.try);
            for (const [name, value] of Object.entries(opened.values[activity.id] ?? {})) {
                const size = put(name, 0);
                wasm.preset(size, put(value, size));
            }
        }
        remember();
        api.install(options.window ?? window, opened.api, {
            topDocument: () => options.frame.contentDocument,
            safe: () => this.#safe(),
            called: (call, code) => {
                if (call === "Terminate" && code === 0) this.#ended("terminated");
            },
        });
        this.#signals = watch(options.window ?? window, () => {
            guarded(() => wasm.note_evidence(), undefined);
            note(() => wasm.note_evidence());
        });
        this.#listen();
        this.#clock = setInterval(() => this.#second(), 1000);
        // As long as this page lives, no other one sends what it wrote down.
        navigator.locks?.request(LOCK + opened.visit, () => new Promise(() => {}));
    }

    /** The visit, as the server opened it. */
    get opened() {
        return this.#opened;
    }

    /** The activity that is loaded. */
    get loaded() {
        return this.#loaded;
    }

    /** Opens the next visit of this attempt, for 12 hours. */
    get launchToken() {
        return this.#opened.launch_token;
    }

    /**
     * Launches an activity: takes away what is loaded, begins a session, and only then gives the frame its
     * address, since content looks for the API once.
     *
     * @param {number} index
     */
    async start(index) {
        const activity = this.#opened.activities[index];
        if (activity === undefined || this.#isStopped) return;
        await this.#unload();
        api.forget();
        guarded(() => wasm.launch(index), 0);
        remember();
        this.#loaded = activity;
        this.#options.frame.src = activity.url;
        this.#signals.look();
    }

    /** Takes away what is loaded; its last calls still reach its own session. */
    async #unload() {
        if (this.#loaded === undefined) return;
        const { frame } = this.#options;
        await new Promise((resolve) => {
            frame.addEventListener("load", resolve, { once: true });
            frame.src = "about:blank";
        });
        api.forget();
        guarded(() => wasm.take_away(), undefined);
        remember();
        this.#ended("taken");
    }

    /** @param {"terminated" | "taken"} how */
    #ended(how) {
        const activity = this.#loaded;
        if (activity === undefined) return;
        if (how === "taken") this.#loaded = undefined;
        this.#options.onEnded?.({ activity, how });
    }

    /**
     * Ends the visit: takes content away and sends the last words.
     *
     * @returns {Promise<boolean>} Whether everything is saved.
     */
    async end() {
        await this.#unload();
        await Promise.race([
            this.#send(REASONS.hidden),
            new Promise((resolve) => setTimeout(resolve, FAREWELL_MS)),
        ]);
        const isSaved = this.#isAcked;
        this.stop();
        return isSaved;
    }

    /** Stops everything that this visit does in the page. */
    stop() {
        this.#isStopped = true;
        clearInterval(this.#clock);
        this.#signals.stop();
        this.#listeners.abort();
    }

    /** @param {string} token */
    #identify(token) {
        this.#token = token;
        const size = put(this.#opened.visit, 0);
        wasm.identify(size, put(token, size), this.#opened.lease);
    }

    #listen() {
        const { signal } = this.#listeners;
        document.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") this.#shown();
            else this.#away(() => wasm.hide());
        }, { signal });
        addEventListener("pagehide", () => {
            this.#isLeaving = true;
            this.#away(() => wasm.leave());
        }, { signal });
        addEventListener("freeze", () => this.#away(() => wasm.hide()), { signal });
        addEventListener("pageshow", (event) => event.persisted && this.#shown(), { signal });
        addEventListener("online", () => this.#safe(), { signal });
        this.#options.frame.addEventListener("load", () => this.#signals.look(), { signal });
    }

    #shown() {
        this.#isLeaving = false;
        guarded(() => wasm.show(), undefined);
        remember();
    }

    #second() {
        this.#signals.look();
        this.#act(guarded(() => wasm.tick(), 0));
        const measuredMs = guarded(() => wasm.measured_ms(), 0);
        const isCounting = guarded(() => wasm.is_counting(), false);
        this.#options.onSecond?.({ measuredMs, isCounting });
    }

    /** @param {number} due What a tick answered. */
    #act(due) {
        if (due & 1) void this.#checkpoint();
        if (due >> 1) void this.#send((due >> 1) - 1);
    }

    /** Content asked for its values to be safe: written down at once, sent as soon as it may be. */
    #safe() {
        if (this.#isStopped) return;
        // What a frame says while its page goes away comes after the page's own farewell.
        if (this.#isLeaving) this.#away(() => {});
        else this.#act(guarded(() => wasm.tick(), 0) | 1);
    }

    /**
     * Everything that is not acknowledged, as a message.
     *
     * @param {number} reason
     */
    #encode(reason) {
        return guarded(() => {
            api.handOver();
            wasm.encode(reason);
            return read();
        }, "");
    }

    /** Writes down what is not acknowledged. */
    async #checkpoint() {
        const message = this.#encode(REASONS.autosave);
        const seq = wasm.seq();
        remember();
        if (message === "" || seq === this.#keptSeq) return;
        if (await store.keep(this.#opened.visit, message)) this.#keptSeq = seq;
    }

    /** @param {number} reason */
    async #send(reason) {
        const message = this.#encode(reason);
        if (message === "") return;
        wasm.sent();
        this.#options.onSaving?.({ state: "saving" });
        await store.keep(this.#opened.visit, message);
        this.#answered(await post(this.#commits, message));
    }

    /**
     * The page is hidden or going away: everything that follows happens before this returns.
     *
     * @param {() => void} leave
     */
    #away(leave) {
        guarded(leave, undefined);
        const message = this.#encode(REASONS.hidden);
        if (message === "") return;
        void store.keep(this.#opened.visit, message);
        store.copy(this.#opened.visit, message);
        wasm.sent();
        void postAndLeave(this.#commits, message).then((it) => this.#answered(it));
    }

    #ackedSeq = 0;
    get #isAcked() {
        return this.#ackedSeq >= wasm.seq();
    }

    /** @param {Awaited<ReturnType<typeof post>>} result */
    #answered({ answer, problem }) {
        if (this.#isStopped) return;
        const { onSaving } = this.#options;
        if (answer) {
            if (answer.token) this.#identify(answer.token);
            if (answer.need_full) wasm.send_everything();
            else wasm.receipt(answer.acked, answer.heartbeat_ms);
            this.#ackedSeq = answer.acked;
            if (this.#isAcked) void store.forget(this.#opened.visit);
            onSaving?.({ state: "saved", atMs: Date.now(), refused: answer.refused });
            return;
        }
        if (!problem) return;
        const told = { why: problem.code, detail: problem.detail };
        if (problem.code === "superseded") {
            wasm.receipt(problem.body.acked ?? 0, this.#opened.policy.heartbeat_ms);
            this.stop();
            onSaving?.({ state: "stopped", ...told });
            return;
        }
        const retryInMs = wasm.failed(problem.retryAfterMs, Math.random());
        onSaving?.({ state: "unsaved", retryInMs, ...told });
    }
}

/**
 * Sends what earlier visits left in this browser, each with the token that it was written with.
 *
 * @param {string} server
 */
async function sendLeftovers(server) {
    for (const [visit, message] of await store.leftovers()) {
        const send = async (/** @type {unknown} */ lock) => {
            if (lock === null) return; // Its page is alive, and sends it itself.
            const replay = JSON.parse(message);
            replay.reason = "replay";
            replay.sent_date_ms = Date.now();
            // When this page was loaded says nothing of when that one lived.
            for (const stretch of replay.stretches) delete stretch.sent_at_ms;
            const { answer, problem } = await post(`${server}/run/v1/commits`, JSON.stringify(replay));
            const isRefused = problem !== undefined && problem.status >= 400 && problem.status < 500;
            if (answer || problem?.code === "superseded") await store.forget(visit);
            else if (isRefused) console.error(`seattime: visit ${visit} was not taken: ${problem.detail}`);
        };
        await (navigator.locks ? navigator.locks.request(LOCK + visit, { ifAvailable: true }, send) : send(true));
    }
}
