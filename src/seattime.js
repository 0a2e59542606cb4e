// @ts-check
// The run-time of one page: opens a visit, offers content the API, keeps time, sends what it knows.
//
//     const visit = await launch({ frame, code });
//     await visit.start(0);

import * as api from "./api.js";
import { guarded, note, put, read, remember, start as load } from "./instance.js";
import { follow } from "./media.js";
import { watch } from "./signals.js";
import * as pdf from "./pdf.js";
import * as store from "./store.js";
import * as wasm from "./wasm.js";
import { post, postAndLeave } from "./wire.js";

/**
 * @typedef {object} Activity What can be launched.
 * @property {string} id
 * @property {string} title
 * @property {"sco" | "asset" | "media"} kind
 * @property {string} url
 * @property {number} try
 * @property {number} depth How deep it lies in the organization, from 0.
 * @property {string} status Its record in one word, as the report shows it.
 * @property {string} [completion] How far the record is completed: `unknown`, `incomplete` or `completed`.
 * @property {string} [success] Whether the record is passed: `unknown`, `failed` or `passed`.
 * @property {boolean} [auto_complete] False if a 2004 session that ends without a status leaves it as it is.
 * @property {string[]} [objectives] Its objectives in the manifest.
 * @property {{ target: string, reads: boolean, writes: boolean }[]} [data] Its maps to shared data.
 * @property {boolean} [is_visible] False if its title is not shown; it counts and can be launched all the same.
 * @property {string} [missing_file] The file that it launches, if the package lacks it; `url` is a page that says so.
 */

/**
 * @typedef {object} Opened A visit, as the server opened it.
 * @property {string} visit
 * @property {number} lease
 * @property {string} token
 * @property {string} [origin] What a restored server makes the visit again from.
 * @property {string} launch_token
 * @property {number} server_ms
 * @property {{ idle_limit_ms: number, tail_ms: number, credit: "corroborated" | "reported" | "measured", heartbeat_ms: number }} policy
 * @property {"1.2" | "2004"} api
 * @property {number} edition Of SCORM 2004, from 2.
 * @property {boolean} strict Whether content is held to the letter of the standard.
 * @property {boolean} [asks_still_here] Whether the learner is asked, a minute before time stops counting.
 * @property {boolean} [pdfs_unseen] Whether PDFs are shown by the browser's own viewer, in which reading is not seen.
 * @property {"continue" | "new" | "review" | "browse"} mode
 * @property {number} attempt
 * @property {string} course
 * @property {string} topic
 * @property {string} [return_url]
 * @property {Activity[]} activities
 * @property {number} [start] Which activity to start with, from 0.
 * @property {Record<string, Record<string, string>>} values Per activity, what its elements hold.
 * @property {Record<string, string>} [shared] Shared data, by target.
 */

/**
 * Launch data of one's own: which API content speaks and what can be launched; everything else has a default.
 *
 * @typedef {Partial<Omit<Opened, "api" | "activities">> & { api: "1.2" | "2004", activities: (Partial<Activity> & { id: string, url: string })[] }} LaunchData
 */

/**
 * @typedef {object} Receipt What a server answers to a commit.
 * @property {number} [acked] The highest number of a change that is safe; all that was sent, if left out.
 * @property {number} [heartbeat_ms] How long to wait between signs of life.
 * @property {string} [token] A fresh token.
 * @property {boolean} [need_full] Whether the server asks for everything again.
 * @property {{ session: number, element: string, code: number }[]} [refused] Values that were not kept.
 */

/**
 * Takes a commit, JSON text, somewhere. `isLeaving`: the page goes away, so what has to happen must have begun
 * before this returns. Rejects, or throws, what did not get through; it is tried again.
 *
 * @typedef {(message: string, isLeaving: boolean) => Promise<Receipt | void>} Transport
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
 * @typedef {object} Call What content called, and what it was answered.
 * @property {string} function As SCORM 2004 calls it, whatever the version.
 * @property {string[]} arguments
 * @property {string} answer
 * @property {number} code The error code; 0 where there was none.
 * @property {number} atMs Since the launch.
 */

/**
 * @typedef {object} VisitEvents What can be listened to, and what is told then.
 * @property {{ activity: Activity }} initialized Content called Initialize.
 * @property {{ element: string, value: string }} set Content set a value.
 * @property {{ activity: Activity }} committed Content called Commit.
 * @property {{ activity: Activity }} terminated Content called Terminate.
 * @property {{ activity: Activity }} taken Content was taken away.
 * @property {Call} error A call of content was refused.
 * @property {Call} call Content called anything.
 * @property {import("./blocked.js").Blocked} blocked The browser refused a request or a dialog of content.
 * @property {Saving} saving The state of saving changed.
 * @property {{ measuredMs: number, isCounting: boolean, isIdle: boolean }} second The time, once a second; `isIdle`: the
 *     last sign of the learner is longer ago than the idle limit.
 */

/**
 * @typedef {object} Options
 * @property {HTMLIFrameElement} frame Where content is shown.
 * @property {string} [code] The launch's code.
 * @property {string} [launchToken] Or, after a reload, the token of the visit before.
 * @property {LaunchData} [data] Or launch data of one's own, without asking a server.
 * @property {string} [server] Where the server is; this page's own, if left out.
 * @property {Transport} [transport] Where commits go instead.
 * @property {Window} [window] Where content finds the API; this window, if left out.
 * @property {import("./instance.js").Source | Promise<import("./instance.js").Source>} [wasm] The run-time's wasm, if not beside this module.
 */

/**
 * @typedef {object} Message What is sent at once.
 * @property {string} body
 * @property {number} seq The number of the last change in it.
 * @property {string} [part] Which part of a long text it is, if it is one.
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

// A server takes up to 256 KiB at once; what leaves with the page shares 64 KiB with all that is on its way.
const MESSAGE_BYTES = 180_000;
const FAREWELL_BYTES = 56_000;
// So many characters of a long text go into one part: less than a message, even as six bytes each.
const PART = 32_000;
const REASONS = { heartbeat: 0, autosave: 1, commit: 2, terminate: 3, hidden: 4 };
const COMPLETIONS = ["unknown", "incomplete", "completed"];
const SUCCESSES = ["unknown", "failed", "passed"];
const KINDS = ["asset", "sco", "media"];
const POLICIES = ["corroborated", "reported", "measured"];
// What earlier visits left behind is waited for this long without an answer, since this visit would not read it
// else; and this long in all, since the launch's code lasts two minutes.
const LEFTOVERS_MS = 8000;
const LEFTOVERS_MOST_MS = 60_000;
// So many parts of long texts are on their way at once, which is what browsers open to one host.
const LANES = 6;
// The last words of a visit are waited for this long.
const FAREWELL_MS = 3000;
const LOCK = "seattime:";
const LIFE = /** @type {const} */ ({ Initialize: "initialized", Commit: "committed", Terminate: "terminated" });

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
    const leftovers = async (onAnswer = () => {}) => {
        try {
            await store.open();
            await sendLeftovers(send, onAnswer);
        } catch (failure) {
            console.error("seattime: leftovers of earlier visits were not sent", failure); // The launch goes on.
        }
    };
    if (data) {
        // Whoever brings the values has read them already: nothing that is still to arrive could change them.
        await loading;
        const visit = new Visit(whole(data), options, send);
        // Content comes first.
        setTimeout(() => leftovers());
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
    await Promise.all([loading, Promise.race([leftovers(onAnswer), waited])]);
    const body = { ...(code ? { code } : { launch_token: launchToken }), keeps_origin: true };
    const { answer, problem } = await post(`${server}/run/v1/visits`, JSON.stringify(body));
    if (problem) throw new LaunchError(problem);
    return new Visit(answer, options, send);
}

/**
 * Launch data with every default.
 *
 * @param {LaunchData} data
 * @returns {Opened}
 */
function whole(data) {
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
 * How commits are sent: to the server, or by the host's own transport.
 *
 * @param {Options} options
 * @returns {(message: string, isLeaving: boolean, isPart?: boolean) => ReturnType<typeof post>}
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

/** A visit: one load of the page. */
export class Visit {
    /** @type {Opened} */ #opened;
    /** @type {Options} */ #options;
    /** @type {ReturnType<typeof sender>} */ #post;
    /** @type {Activity | undefined} */ #loaded;
    /** Whether a script of what is loaded failed. */ #hasFailed = false;
    /** @type {ReturnType<typeof setInterval>} */ #clock;
    /** @type {ReturnType<typeof watch>} */ #signals;
    #media = follow();
    #stopper = new AbortController();
    #isStopped = false;
    /** Whether this window or one that content opened is visible, as far as the ledger knows. */
    #isShown;
    /** Whether the page is on its way out: its content may still have something to say. */
    #isLeaving = false;
    /** @type {Promise<void> | undefined} What is on its way, one message after the other. */ #sending;
    /** @type {Set<string>} Parts of long texts that the server has. */ #parted = new Set();
    /** What was written down last, as far as the numbers of changes tell. */
    #keptSeq = -1;
    #launchedAt = 0;
    /** @type {Map<string, Set<(told: any) => void>>} */ #listeners = new Map();

    /**
     * @param {Opened} opened
     * @param {Options} options
     * @param {ReturnType<typeof sender>} send
     */
    constructor(opened, options, send) {
        [this.#opened, this.#options, this.#post] = [opened, options, send];
        const { policy } = opened;
        const isVisible = document.visibilityState === "visible";
        wasm.open(
            opened.api === "1.2" ? 12 : 20040 + opened.edition,
            opened.strict,
            policy.idle_limit_ms,
            policy.tail_ms,
            POLICIES.indexOf(policy.credit),
            policy.heartbeat_ms,
            isVisible,
        );
        this.#identify(opened.token);
        for (const activity of opened.activities) {
            wasm.add_activity(put(activity.id, 0), KINDS.indexOf(activity.kind), activity.try);
            const { completion = "unknown", success = "unknown", auto_complete = true } = activity;
            const wasLaunched = activity.status !== "not attempted";
            wasm.preset_record(COMPLETIONS.indexOf(completion), SUCCESSES.indexOf(success), wasLaunched, auto_complete);
            for (const id of activity.objectives ?? []) wasm.add_objective(put(id, 0));
            for (const map of activity.data ?? []) wasm.add_map(put(map.target, 0), map.reads, map.writes);
            both(opened.values[activity.id], wasm.preset);
        }
        both(opened.shared, wasm.share);
        remember();
        api.install(options.window ?? window, opened.api, {
            topDocument: () => options.frame.contentDocument,
            safe: () => this.#safe(),
            lookedUp: () => {
                guarded(() => wasm.note_api_lookup(), undefined);
                note(() => wasm.note_api_lookup());
            },
            called: (call, code) => {
                const type = LIFE[/** @type {keyof typeof LIFE} */ (call)];
                if (code === 0 && this.#loaded) this.#tell(type, { activity: this.#loaded });
            },
        });
        this.#isShown = isVisible;
        this.#signals = watch(options.window ?? window, {
            onSign: () => {
                guarded(() => wasm.note_evidence(), undefined);
                note(() => wasm.note_evidence());
            },
            onSight: () => this.#look(),
            onSecond: () => this.#second(),
            onDialog: (isOpen) => {
                guarded(() => wasm.dialog(isOpen), undefined);
                note(() => wasm.dialog(isOpen));
            },
            onBlocked: (blocked) => this.#tell("blocked", blocked),
            onFailure: () => (this.#hasFailed = true),
            documents: pdf,
            media: this.#media,
        });
        this.#listen();
        this.#clock = setInterval(() => this.#second(), 1000);
        // As long as this page lives, no other one sends what it wrote down. Asking takes the browser a while, and
        // nothing is written down yet.
        // Without storage, browsers refuse locks, too.
        setTimeout(() => navigator.locks?.request(LOCK + opened.visit, () => new Promise(() => {})).catch(() => {}));
    }

    /**
     * Listens; answers how to stop that.
     *
     * @template {keyof VisitEvents} K
     * @param {K} type
     * @param {(told: VisitEvents[K]) => void} listener What it throws is logged, and reaches nobody.
     * @returns {() => void}
     */
    on(type, listener) {
        const all = this.#listeners.get(type) ?? new Set();
        this.#listeners.set(type, all.add(listener));
        this.#observe();
        return () => {
            all.delete(listener);
            this.#observe();
        };
    }

    /**
     * @template {keyof VisitEvents} K
     * @param {K} type
     * @param {VisitEvents[K]} told
     */
    #tell(type, told) {
        for (const listener of this.#listeners.get(type) ?? []) {
            try {
                listener(told);
            } catch (failure) {
                console.error(`seattime: a listener for ${type} failed`, failure);
            }
        }
    }

    /** Has single calls told only while somebody listens to them: each would cost content time. */
    #observe() {
        const isHeard = ["set", "error", "call"].some((type) => this.#listeners.get(type)?.size);
        api.observe(isHeard ? (...call) => this.#called(...call) : undefined);
    }

    /** @type {api.Observer} */
    #called(name, first, second, answer, code) {
        /** @type {Call} */
        const call = {
            function: name,
            arguments: name === "SetValue" ? [first, second] : name === "GetLastError" ? [] : [first],
            answer,
            code,
            atMs: performance.now() - this.#launchedAt,
        };
        this.#tell("call", call);
        if (code === 0) {
            if (name === "SetValue") this.#tell("set", { element: first, value: second });
        } else if (!["GetLastError", "GetErrorString", "GetDiagnostic"].includes(name)) {
            this.#tell("error", call);
        }
    }

    /** What is not acknowledged, as the commit that would be sent now: JSON text. */
    pending() {
        return this.#encode(REASONS.autosave);
    }

    /**
     * Every value that content set or could read, by element, also after Terminate; and the time measured so far in this
     * visit, in ms.
     */
    snapshot() {
        /** @type {Record<string, string>} */
        const values = guarded(() => {
            api.handOver();
            wasm.values();
            return JSON.parse(read() || "{}");
        }, {});
        return { activity: this.#loaded, values, measuredMs: guarded(() => wasm.measured_ms(), 0) };
    }

    /**
     * The status of an activity's record in one word, with the sessions of this visit: `not attempted`, `incomplete`,
     * `completed`, `passed` or `failed`. In review and browse mode sessions leave no record.
     *
     * @param {number} index
     * @returns {string}
     */
    status(index) {
        const { mode, activities } = this.#opened;
        if (mode === "review" || mode === "browse") return activities[index]?.status ?? "";
        return guarded(() => {
            api.handOver();
            wasm.activity_status(index);
            return read();
        }, activities[index]?.status ?? "");
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
        await this.#unload(true);
        api.forget();
        guarded(() => wasm.launch(index), 0);
        remember();
        this.#loaded = activity;
        this.#hasFailed = false;
        this.#launchedAt = performance.now();
        this.#options.frame.src = activity.url;
        this.#signals.look();
    }

    /**
     * Takes away the loaded content; its last calls still reach its own session.
     *
     * @param {boolean} isNavigation True if another activity takes its place.
     */
    async #unload(isNavigation) {
        if (this.#loaded === undefined) return;
        const { frame } = this.#options;
        this.#media.look();
        await new Promise((resolve) => {
            frame.addEventListener("load", resolve, { once: true });
            frame.src = "about:blank";
        });
        api.forget();
        guarded(() => wasm.take_away(isNavigation), undefined);
        remember();
        const activity = this.#loaded;
        this.#loaded = undefined;
        this.#tell("taken", { activity });
    }

    /**
     * Ends the visit: takes content away and sends the last words.
     *
     * @returns {Promise<boolean>} Whether everything is saved.
     */
    async end() {
        if (this.#isStopped) return this.#isAcked;
        await this.#unload(false);
        const lastWords = async () => {
            await this.#sending;
            await this.#send(REASONS.hidden);
            // A server that was restored from a backup asks for everything, which this page alone holds.
            if (!this.#isAcked) await this.#send(REASONS.hidden);
        };
        await Promise.race([lastWords(), new Promise((resolve) => setTimeout(resolve, FAREWELL_MS))]);
        const isSaved = this.#isAcked;
        this.stop();
        return isSaved;
    }

    /** Stops everything that this visit does in the page. */
    stop() {
        this.#isStopped = true;
        clearInterval(this.#clock);
        this.#signals.stop();
        this.#stopper.abort();
        this.#promise?.abort();
    }

    #token = "";

    /** @param {string} token */
    #identify(token) {
        this.#token = token;
        const size = put(this.#opened.visit, 0);
        wasm.identify(size, put(token, size), this.#opened.lease);
    }

    #listen() {
        const { signal } = this.#stopper;
        document.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") return this.#look();
            this.#isShown &&= this.#signals.look();
            // It may be the last that this window hears, whatever other windows show. After `pagehide` it says so once
            // more: closing a tab, Firefox may break off what runs just then.
            this.#away(() => this.#isShown || wasm.hide());
        }, { signal });
        addEventListener("pagehide", () => {
            this.#isLeaving = true;
            this.#hidden(() => wasm.leave());
        }, { signal });
        addEventListener("freeze", () => this.#hidden(() => wasm.hide()), { signal });
        addEventListener("pageshow", (event) => event.persisted && this.#shown(), { signal });
        addEventListener("online", () => this.#safe(), { signal });
        this.#options.frame.addEventListener("load", () => this.#frameLoaded(), { signal });
    }

    /** A document of the content frame has loaded; with all its scripts, unless one is known to have failed. */
    #frameLoaded() {
        this.#signals.look();
        // An error page cannot be reached, and the empty page stands between two activities.
        const address = this.#options.frame.contentDocument?.URL ?? "about:blank";
        if (!this.#hasFailed && address !== "about:blank") guarded(() => wasm.note_loaded(), undefined);
    }

    /** Looks for new documents, and at what is visible: browsers do not tell of every change. */
    #look() {
        const isShown = this.#signals.look();
        if (isShown === this.#isShown) return;
        if (isShown) this.#shown();
        else this.#hidden(() => wasm.hide());
    }

    /** @param {() => unknown} leave */
    #hidden(leave) {
        this.#isShown = false;
        this.#away(leave);
    }

    #shown() {
        this.#isShown = true;
        this.#isLeaving = false;
        this.#media.look();
        guarded(() => wasm.show(), undefined);
        remember();
    }

    #second() {
        this.#look();
        this.#media.look();
        this.#act(this.#tick());
        const measuredMs = guarded(() => wasm.measured_ms(), 0);
        const counting = guarded(() => wasm.counting(), 0);
        this.#tell("second", { measuredMs, isCounting: counting === 1, isIdle: counting === 2 });
    }

    /** What is due; a value that waits in JavaScript counts as set. */
    #tick() {
        return guarded(() => {
            api.handOver();
            return wasm.tick();
        }, 0);
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
        else this.#act(this.#tick() | 1);
    }

    /**
     * Everything that is not acknowledged, as one message.
     *
     * @param {number} reason
     */
    #encode(reason) {
        return guarded(() => {
            api.handOver();
            wasm.encode(reason, 0, 0);
            return read(true);
        }, "");
    }

    /**
     * Everything that is not acknowledged, as messages in their order: commits, before each the parts of the long
     * texts that it names. A host's own transport takes it in one.
     *
     * @param {number} reason
     * @returns {Message[]}
     */
    #messages(reason) {
        if (this.#options.transport) {
            const body = this.#encode(reason);
            return body === "" ? [] : [{ body, seq: wasm.seq() }];
        }
        return guarded(() => {
            api.handOver();
            /** @type {Message[]} */
            const messages = [];
            let seq = wasm.acked();
            do {
                seq = wasm.encode(reason, seq, MESSAGE_BYTES);
                const commit = { body: read(true), seq };
                for (let n = 0, change; (change = wasm.long_text(n)) > 0; n++) {
                    messages.push(...this.#partsOf(change, read(true)));
                }
                messages.push(commit);
            } while (seq < wasm.seq());
            return messages;
        }, []);
    }

    /**
     * @param {number} seq
     * @param {string} text
     * @returns {Message[]}
     */
    #partsOf(seq, text) {
        const pieces = [];
        for (let at = 0; at < text.length; ) {
            // No part ends within a character.
            const end = at + PART - Number((text.charCodeAt(at + PART - 1) & 0xfc00) === 0xd800);
            pieces.push(text.slice(at, end));
            at = end;
        }
        const { visit, lease } = this.#opened;
        const head = { v: 1, token: this.#token, visit, lease, seq, of: pieces.length };
        return pieces.map((text, n) => ({ body: JSON.stringify({ ...head, n, text }), seq, part: `${seq}.${n}` }));
    }

    /** Whether the server asks for everything. */
    #isAsked = false;

    /**
     * A message with what a restored server makes learner and attempt again from: told where it asks, and where nobody
     * would be there to be asked.
     *
     * @param {string} body
     */
    #withOrigin(body) {
        const { origin } = this.#opened;
        return origin ? `{"origin":"${origin}",${body.slice(1)}` : body;
    }

    /**
     * Writes messages down.
     *
     * @param {Message[]} messages
     */
    #keep(messages) {
        return store.keep(this.#opened.visit, messages.map((it) => this.#withOrigin(it.body)));
    }

    /** Writes down what is not acknowledged. */
    async #checkpoint() {
        const messages = this.#messages(REASONS.autosave);
        const seq = wasm.seq();
        remember();
        if (messages.length === 0 || seq === this.#keptSeq) return;
        this.#renewPromise();
        if (await this.#keep(messages)) this.#keptSeq = seq;
    }

    /** @type {AbortController | undefined} What takes the promise below back. */ #promise;

    /** Where browsers can, has them promise to send the short of it should this tab end without a word. */
    #renewPromise() {
        this.#promise?.abort();
        const { fetchLater } = /** @type {any} */ (window);
        const { server = "", transport } = this.#options;
        if (!fetchLater || transport || this.#isAcked) return;
        this.#promise = new AbortController();
        try {
            const { signal } = this.#promise;
            fetchLater(`${server}/run/v1/commits`, { method: "POST", body: this.#farewell(), signal });
        } catch { /* There is no room for it, or no permission: then the next visit sends it. */ }
    }

    /**
     * Sends what is not acknowledged, unless something is on its way: the next tick asks again.
     *
     * @param {number} reason
     */
    #send(reason) {
        this.#sending ??= this.#sendAll(this.#messages(reason)).finally(() => (this.#sending = undefined));
        return this.#sending;
    }

    /** @param {Message[]} messages */
    async #sendAll(messages) {
        if (messages.length === 0) return;
        wasm.sent();
        this.#tell("saving", { state: "saving" });
        const isKept = await this.#keep(messages);
        for (const message of messages) {
            if (message.part !== undefined && this.#parted.has(message.part)) continue;
            const body = this.#isAsked ? this.#withOrigin(message.body) : message.body;
            const result = await this.#post(body, false, message.part !== undefined);
            if (message.part !== undefined && result.answer && !result.answer.need_full) this.#parted.add(message.part);
            else if (!this.#answered(result, message.seq, isKept, message === messages.at(-1))) return;
        }
    }

    /**
     * The page is hidden or going away: everything that follows happens before this returns.
     *
     * @param {() => unknown} leave
     */
    #away(leave) {
        guarded(unstick, undefined);
        this.#media.look();
        guarded(leave, undefined);
        this.#promise?.abort();
        const messages = this.#messages(REASONS.hidden);
        const [first] = messages;
        if (first === undefined) return;
        void this.#keep(messages);
        store.copy(this.#opened.visit, messages.map((it) => this.#withOrigin(it.body)));
        wasm.sent();
        const { seq } = first;
        const body = this.#withOrigin(first.body);
        const isWhole = messages.length === 1 && (this.#options.transport || sizeOf(body) <= FAREWELL_BYTES);
        void this.#post(isWhole ? body : this.#farewell(), true)
            .then((it) => this.#answered(it, isWhole ? seq : 0, true, true));
    }

    /** What of it fits into the page's exit; the rest waits in this browser. */
    #farewell() {
        return guarded(() => {
            wasm.encode_farewell(FAREWELL_BYTES - this.#withOrigin("").length);
            return this.#withOrigin(read(true));
        }, "");
    }

    #ackedSeq = 0;
    get #isAcked() {
        return this.#ackedSeq >= wasm.seq();
    }

    /** The server lost something that it had acknowledged. */
    #sendEverything() {
        this.#parted.clear();
        this.#isAsked = true;
        wasm.send_everything();
        return false;
    }

    /**
     * @param {Awaited<ReturnType<typeof post>>} result
     * @param {number} seq The highest number of a change that was sent.
     * @param {boolean} isKept Whether it is written down in this browser.
     * @param {boolean} isLast Whether nothing more of the same follows.
     * @returns {boolean} Whether more of the same may follow.
     */
    #answered({ answer, problem }, seq, isKept, isLast) {
        if (this.#isStopped) return false;
        const { heartbeat_ms } = this.#opened.policy;
        if (answer) {
            const { acked = seq, refused } = answer;
            this.#isAsked = false;
            if (answer.token) this.#identify(answer.token);
            if (answer.need_full) this.#sendEverything();
            else wasm.receipt(acked, answer.heartbeat_ms ?? heartbeat_ms);
            wasm.keep(true);
            this.#ackedSeq = acked;
            if (this.#isAcked) {
                this.#promise?.abort();
                void store.forget(this.#opened.visit);
            }
            if (isLast) this.#tell("saving", { state: "saved", atMs: Date.now(), refused });
            return !answer.need_full;
        }
        if (!problem) return false;
        const told = { why: problem.code, detail: problem.detail };
        if (problem.code === "superseded") {
            wasm.keep(false);
            // A server that was restored from a backup first gets what this page alone still holds.
            if (problem.body.need_full) return this.#sendEverything();
            wasm.receipt(problem.body.acked ?? 0, heartbeat_ms);
            this.stop();
            this.#tell("saving", { state: "stopped", ...told });
            return false;
        }
        // What neither browser nor server takes, content must not think safe.
        wasm.keep(isKept);
        const retryInMs = wasm.failed(problem.retryAfterMs, Math.random());
        this.#tell("saving", { state: "unsaved", retryInMs, ...told });
        return false;
    }
}

/**
 * Hands over pairs of texts.
 *
 * @param {Record<string, string> | undefined} pairs
 * @param {(first: number, second: number) => void} take
 */
function both(pairs, take) {
    for (const [first, second] of Object.entries(pairs ?? {})) {
        const size = put(first, 0);
        take(size, put(second, size));
    }
}

/** Closing a tab, a browser may break off a call of the run-time, which then takes no other: a new instance has to. */
function unstick() {
    if (wasm.is_busy()) throw new Error("a call was broken off");
}

/**
 * Sends what earlier visits left in this browser, each with the token that it was written with.
 *
 * @param {ReturnType<typeof sender>} post
 * @param {() => void} onAnswer Is called whenever the server has answered.
 */
async function sendLeftovers(post, onAnswer) {
    for (const [visit, messages] of await store.leftovers()) {
        let isAskedAgain = false;
        /** @param {any} replay @returns {Promise<boolean>} Whether the server has it. */
        const replayed = async (replay) => {
            const isPart = replay.stretches === undefined;
            if (!isPart) {
                replay.reason = "replay";
                replay.sent_date_ms = Date.now();
                // When this page was loaded says nothing of when that one lived.
                for (const stretch of replay.stretches) delete stretch.sent_at_ms;
            }
            const { answer, problem } = await post(JSON.stringify(replay), false, isPart);
            if (problem?.status !== 0) onAnswer();
            isAskedAgain ||= Boolean((answer ?? problem?.body)?.need_full);
            if (answer || problem?.code === "superseded") return true;
            const isRefused = problem !== undefined && problem.status >= 400 && problem.status < 500;
            if (isRefused) console.error(`seattime: visit ${visit} was not taken: ${problem.detail}`);
            return false;
        };
        const send = async (/** @type {unknown} */ lock) => {
            if (lock === null) return; // Its page is alive, and sends it itself.
            // A server that was restored from a backup asks for all of it once more. What it asks for even then, it had
            // acknowledged before, so that nobody holds it any more.
            for (let round = 0; round < 2 && (round === 0 || isAskedAgain); round++) {
                isAskedAgain = false;
                /** @type {any[]} */
                let parts = [];
                for (const message of messages.map(store.parsed)) {
                    if (message === undefined) console.error(`seattime: what visit ${visit} left is not whole`);
                    else if (message.stretches === undefined) parts.push(message);
                    else {
                        // A commit names texts whose parts have to be there; those come in any order.
                        if (!(await inLanes(parts, replayed)) || !(await replayed(message))) return;
                        parts = [];
                    }
                }
            }
            await store.forget(visit);
        };
        await (navigator.locks ? navigator.locks.request(LOCK + visit, { ifAvailable: true }, send) : send(true));
    }
}

/**
 * Sends several at once.
 *
 * @param {any[]} messages
 * @param {(message: any) => Promise<boolean>} send
 * @returns {Promise<boolean>} Whether all of them got through; after one that did not, no more are begun.
 */
async function inLanes(messages, send) {
    const waiting = messages.values();
    let isGood = true;
    const lane = async () => {
        for (const message of waiting) {
            isGood = (await send(message)) && isGood;
            if (!isGood) return;
        }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return isGood;
}

/** Its length as UTF-8, in bytes. @param {string} text */
function sizeOf(text) {
    return new Blob([text]).size;
}
