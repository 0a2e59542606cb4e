// @ts-check
// What is not acknowledged on its way to the server: written down first, then sent, and kept until it is safe.

import { flush } from "./api.js";
import * as idb from "./idb.js";
import { guarded, put, remember } from "./instance.js";
import { encode, farewell, messages } from "./messages.js";
import * as wasm from "./wasm.js";

/** @typedef {import("./messages.js").Message} Message */

// What leaves with the page shares 64 KiB with all that is on its way.
const FAREWELL_BYTES = 56_000;
// The last words of a visit are waited for this long.
const FAREWELL_MS = 3000;
const [AUTOSAVE, HIDDEN] = [1, 4];
const [RECEIPT, SUPERSEDED, FAILURE] = [0, 1, 2];
/** What follows an answer, where nothing is waited for. */
const [SAVED, SEND_ALL, STOP] = [-2, -3, -4];

/** Sends the commits of a visit. */
export class Delivery {
    /** @type {import("./types.js").Opened} */ #opened;
    /** @type {import("./types.js").Options} */ #options;
    /** @type {import("./launch.js").Send} */ #post;
    /** @type {(saving: import("./types.js").Saving) => void} */ #saving;
    #isStopped = false;
    #token = "";
    /** @type {Promise<void> | undefined} What is on its way, one message after the other. */ #sending;
    /** What was written down last, as far as the numbers of changes tell. */
    #keptSeq = -1;
    /** Whether the server asks for everything. */
    #isAsked = false;
    /** @type {AbortController | undefined} What takes the promise of `#renewPromise` back. */ #promise;

    /**
     * @param {import("./types.js").Opened} opened
     * @param {import("./types.js").Options} options
     * @param {import("./launch.js").Send} post
     * @param {(saving: import("./types.js").Saving) => void} saving Is told how safe the work is.
     */
    constructor(opened, options, post, saving) {
        [this.#opened, this.#options, this.#post, this.#saving] = [opened, options, post, saving];
        this.#identify(opened.token);
    }

    /** @param {string} token */
    #identify(token) {
        this.#token = token;
        const size = put(this.#opened.visit, 0);
        wasm.identify(size, put(token, size), this.#opened.lease);
    }

    get isAcked() {
        return wasm.acked() >= wasm.seq();
    }

    /** What is not acknowledged, as the commit that would be sent now: JSON text. */
    pending() {
        return encode(AUTOSAVE);
    }

    /** Does what is due now. @param {boolean} [isSafe] Content asked for its values to be safe: they are written down at once. */
    tick(isSafe = false) {
        // A value that waits in JavaScript counts as set.
        const due = guarded(() => {
            flush();
            return wasm.tick();
        }, 0);
        if (isSafe || due & 1) void this.#checkpoint();
        if (due >> 1) void this.#send((due >> 1) - 1);
    }

    /** The page is hidden or going away: everything happens before this returns. */
    leave() {
        this.#promise?.abort();
        const messages = this.#messages(HIDDEN);
        const [first] = messages;
        if (first === undefined) return;
        void this.#keep(messages);
        idb.copy(this.#opened.visit, messages.map((it) => this.#withOrigin(it.body)));
        wasm.sent();
        const body = this.#withOrigin(first.body);
        const isWhole = messages.length === 1 && (this.#options.transport || sizeOf(body) <= FAREWELL_BYTES);
        void this.#post(isWhole ? body : this.#farewell(), true)
            .then((it) => this.#answered(it, true, isWhole ? first.seq : 0));
    }

    /** Sends the last words; returns whether everything is saved. */
    async end() {
        const lastWords = async () => {
            await this.#sending;
            await this.#send(HIDDEN);
            // A server that was restored from a backup asks for everything, which this page alone holds.
            if (!this.isAcked) await this.#send(HIDDEN);
        };
        await Promise.race([lastWords(), new Promise((resolve) => setTimeout(resolve, FAREWELL_MS))]);
        return this.isAcked;
    }

    stop() {
        this.#isStopped = true;
        this.#promise?.abort();
    }

    /** @param {number} reason */
    #messages(reason) {
        const { visit, lease } = this.#opened;
        return messages(reason, { visit, lease, token: this.#token }, this.#options.transport !== undefined);
    }

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
        return idb.keep(this.#opened.visit, messages.map((it) => this.#withOrigin(it.body)));
    }

    /** Writes down what is not acknowledged. */
    async #checkpoint() {
        const messages = this.#messages(AUTOSAVE);
        const seq = wasm.seq();
        remember();
        if (messages.length === 0 || seq === this.#keptSeq) return;
        this.#renewPromise();
        if (await this.#keep(messages)) this.#keptSeq = seq;
    }

    /** Where browsers can, has them promise to send the short of it should this tab end without a word. */
    #renewPromise() {
        this.#promise?.abort();
        const { fetchLater } = /** @type {any} */ (window);
        const { server = "", transport } = this.#options;
        if (!fetchLater || transport || this.isAcked) return;
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
        wasm.begin();
        for (const { seq, part = -1 } of messages) wasm.add_message(seq, part);
        this.#saving({ state: "saving" });
        const isKept = await this.#keep(messages);
        for (let n; !this.#isStopped && (n = wasm.next_message()) >= 0; ) {
            const { body, part } = messages[n];
            this.#answered(await this.#post(this.#isAsked ? this.#withOrigin(body) : body, false, part !== undefined), isKept);
        }
    }

    /** What fits into the page's exit; the rest waits in this browser. */
    #farewell() {
        return this.#withOrigin(farewell(FAREWELL_BYTES - this.#withOrigin("").length));
    }

    /**
     * @param {Awaited<ReturnType<import("./launch.js").Send>>} result
     * @param {boolean} isKept Whether it is written down in this browser.
     * @param {number} [apart] The number of the last change in a message that belongs to no round, 0 of a farewell.
     */
    #answered({ answer, problem }, isKept, apart = -1) {
        if (this.#isStopped) return;
        const { code: why, detail, body, retryAfterMs = 0 } = problem ?? {};
        const isSuperseded = why === "superseded";
        const { acked = NaN, need_full = false, heartbeat_ms, token, refused } = answer ?? body ?? {};
        if (answer && token) this.#identify(token);
        const kind = answer ? RECEIPT : isSuperseded ? SUPERSEDED : FAILURE;
        const next = wasm.answered(kind, acked, need_full, answer ? heartbeat_ms ?? 0 : retryAfterMs, apart, Math.random());
        // What neither browser nor server takes, content must not think safe.
        wasm.keep(answer ? true : !isSuperseded && isKept);
        if (next === SEND_ALL) this.#isAsked = true;
        else if (next === SAVED) this.#isAsked = false;
        if (answer && this.isAcked) {
            this.#promise?.abort();
            void idb.forget(this.#opened.visit);
        }
        if (next === SAVED) this.#saving({ state: "saved", atMs: Date.now(), refused });
        else if (next === STOP) this.#saving({ state: "stopped", why, detail });
        else if (next >= 0) this.#saving({ state: "unsaved", retryInMs: next, why, detail });
    }
}

/** Its length as UTF-8, in bytes. @param {string} text */
function sizeOf(text) {
    return new Blob([text]).size;
}
