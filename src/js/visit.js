// @ts-check
// A visit: one load of the page, from its opening to its end.

import * as api from "./api.js";
import { Delivery } from "./delivery.js";
import { Events } from "./events.js";
import { watch } from "./evidence.js";
import { guarded, note, put, read, remember } from "./instance.js";
import { Lifecycle } from "./lifecycle.js";
import { follow } from "./media.js";
import * as pdf from "./pdf.js";
import * as wasm from "./wasm.js";

/** @typedef {import("./types.js").Activity} Activity */
/** @typedef {import("./types.js").Opened} Opened */
/** @typedef {import("./types.js").Options} Options */
/** @typedef {import("./types.js").VisitEvents} VisitEvents */

const COMPLETIONS = ["unknown", "incomplete", "completed"];
const SUCCESSES = ["unknown", "failed", "passed"];
const KINDS = ["asset", "sco", "media"];
const POLICIES = ["corroborated", "reported", "measured"];
/** The lock that a page holds while its visit is open, as in leftovers.js. */
const LOCK = "seattime:";
const LIFE = /** @type {const} */ ({ Initialize: "initialized", Commit: "committed", Terminate: "terminated" });

/** A visit: one load of the page. */
export class Visit {
    /** @type {Opened} */ #opened;
    /** @type {Options} */ #options;
    /** @type {Activity | undefined} */ #loaded;
    /** Whether a script of what is loaded failed. */ #hasFailed = false;
    /** @type {ReturnType<typeof setInterval>} */ #clock;
    /** @type {ReturnType<typeof watch>} */ #evidence;
    /** @type {Lifecycle} */ #lifecycle;
    #delivery;
    #events = new Events();
    #media = follow();
    #stopper = new AbortController();
    #isStopped = false;

    /**
     * @param {Opened} opened
     * @param {Options} options
     * @param {import("./launch.js").Send} send
     */
    constructor(opened, options, send) {
        [this.#opened, this.#options] = [opened, options];
        const { policy } = opened;
        wasm.open(
            opened.api === "1.2" ? 12 : 20040 + opened.edition,
            opened.strict,
            policy.idle_limit_ms,
            policy.tail_ms,
            POLICIES.indexOf(policy.credit),
            policy.heartbeat_ms,
            document.visibilityState === "visible",
        );
        this.#delivery = new Delivery(opened, options, send, (saving) => {
            if (saving.state === "stopped") this.stop();
            this.#events.tell("saving", saving);
        });
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
        const target = options.window ?? window;
        api.install(target, opened.api, {
            topDocument: () => options.frame.contentDocument,
            safe: () => this.#safe(),
            lookedUp: () => noted(() => wasm.note_api_lookup()),
            called: (call, code) => {
                const type = LIFE[/** @type {keyof typeof LIFE} */ (call)];
                if (code === 0 && this.#loaded) this.#events.tell(type, { activity: this.#loaded });
            },
        });
        this.#evidence = watch(target, {
            onSign: () => noted(() => wasm.note_evidence()),
            onSight: () => this.#lifecycle.look(),
            onSecond: () => this.#second(),
            onDialog: (isOpen) => noted(() => wasm.dialog(isOpen)),
            onBlocked: (blocked) => this.#events.tell("blocked", blocked),
            onFailure: () => (this.#hasFailed = true),
            documents: pdf,
            media: this.#media,
        });
        this.#lifecycle = new Lifecycle(this.#evidence, this.#media, this.#delivery);
        const { signal } = this.#stopper;
        addEventListener("online", () => this.#safe(), { signal });
        options.frame.addEventListener("load", () => this.#frameLoaded(), { signal });
        this.#clock = setInterval(() => this.#second(), 1000);
        // As long as this page lives, no other one sends what it wrote down. Asking takes the browser a while, and
        // nothing is written down yet.
        // Without storage, browsers refuse locks, too.
        setTimeout(() => navigator.locks?.request(LOCK + opened.visit, () => new Promise(() => {})).catch(() => {}));
    }

    /**
     * Listens; returns how to stop that.
     *
     * @template {keyof VisitEvents} K
     * @param {K} type
     * @param {(told: VisitEvents[K]) => void} listener What it throws is logged, and reaches nobody.
     * @returns {() => void}
     */
    on(type, listener) {
        return this.#events.on(type, listener);
    }

    /** What is not acknowledged, as the commit that would be sent now: JSON text. */
    pending() {
        return this.#delivery.pending();
    }

    /**
     * Every value that content set or could read, by element, also after Terminate; and the time measured so far in this
     * visit, in ms.
     */
    snapshot() {
        /** @type {Record<string, string>} */
        const values = guarded(() => {
            api.flush();
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
            api.flush();
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
        this.#events.launched();
        this.#options.frame.src = activity.url;
        this.#evidence.look();
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
        this.#events.tell("taken", { activity });
    }

    /**
     * Ends the visit: takes content away and sends the last words.
     *
     * @returns {Promise<boolean>} Whether everything is saved.
     */
    async end() {
        if (this.#isStopped) return this.#delivery.isAcked;
        await this.#unload(false);
        const isSaved = await this.#delivery.end();
        this.stop();
        return isSaved;
    }

    /** Stops everything that this visit does in the page. */
    stop() {
        this.#isStopped = true;
        clearInterval(this.#clock);
        this.#evidence.stop();
        this.#lifecycle.stop();
        this.#stopper.abort();
        this.#delivery.stop();
    }

    /** A document of the content frame has loaded; with all its scripts, unless one is known to have failed. */
    #frameLoaded() {
        this.#evidence.look();
        // An error page cannot be reached, and the empty page stands between two activities.
        const address = this.#options.frame.contentDocument?.URL ?? "about:blank";
        if (!this.#hasFailed && address !== "about:blank") guarded(() => wasm.note_loaded(), undefined);
    }

    #second() {
        this.#lifecycle.look();
        this.#media.look();
        this.#delivery.tick();
        const measuredMs = guarded(() => wasm.measured_ms(), 0);
        const counting = guarded(() => wasm.counting(), 0);
        this.#events.tell("second", { measuredMs, isCounting: counting === 1, isIdle: counting === 2 });
    }

    /** Content asked for its values to be safe: written down at once, sent as soon as it may be. */
    #safe() {
        if (this.#isStopped) return;
        // What a frame says while its page goes away comes after the page's own farewell.
        if (this.#lifecycle.isLeaving) this.#lifecycle.away(() => {});
        else this.#delivery.tick(true);
    }
}

/** Calls into the instance, and again into the next one should this one trap. @param {() => void} call */
function noted(call) {
    guarded(call, undefined);
    note(call);
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
