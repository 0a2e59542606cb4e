// @ts-check
// What becomes of the page: it is shown, hidden, frozen, left, and comes back.

import { guarded, remember } from "./instance.js";
import * as wasm from "./wasm.js";

/** Follows what becomes of the page, and has its work sent before it goes. */
export class Lifecycle {
    #stopper = new AbortController();
    /** Whether this window or one that content opened is visible, as far as the ledger knows. */
    #isShown = document.visibilityState === "visible";
    /** Whether the page is on its way out: its content may still have something to say. */
    isLeaving = false;
    /** @type {{ look: () => boolean }} */ #evidence;
    /** @type {{ look: () => void }} */ #media;
    /** @type {import("./delivery.js").Delivery} */ #delivery;

    /**
     * @param {{ look: () => boolean }} evidence Answers whether any window of the visit is visible.
     * @param {{ look: () => void }} media
     * @param {import("./delivery.js").Delivery} delivery
     */
    constructor(evidence, media, delivery) {
        [this.#evidence, this.#media, this.#delivery] = [evidence, media, delivery];
        const { signal } = this.#stopper;
        document.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") return this.look();
            this.#isShown &&= evidence.look();
            // It may be the last that this window hears, whatever other windows show. After `pagehide` it says so once
            // more: closing a tab, Firefox may break off what runs just then.
            this.away(() => this.#isShown || wasm.hide());
        }, { signal });
        addEventListener("pagehide", () => {
            this.isLeaving = true;
            this.#hidden(() => wasm.leave());
        }, { signal });
        addEventListener("freeze", () => this.#hidden(() => wasm.hide()), { signal });
        addEventListener("pageshow", (event) => event.persisted && this.#shown(), { signal });
    }

    /** Looks for new documents, and at what is visible: browsers do not tell of every change. */
    look() {
        const isShown = this.#evidence.look();
        if (isShown === this.#isShown) return;
        if (isShown) this.#shown();
        else this.#hidden(() => wasm.hide());
    }

    /**
     * The page is hidden or going away: everything that follows happens before this returns.
     *
     * @param {() => unknown} leave
     */
    away(leave) {
        guarded(unstick, undefined);
        this.#media.look();
        guarded(leave, undefined);
        this.#delivery.leave();
    }

    /** @param {() => unknown} leave */
    #hidden(leave) {
        this.#isShown = false;
        this.away(leave);
    }

    #shown() {
        this.#isShown = true;
        this.isLeaving = false;
        this.#media.look();
        guarded(() => wasm.show(), undefined);
        remember();
    }

    stop() {
        this.#stopper.abort();
    }
}

/** Closing a tab, a browser may break off a call of the run-time, which then takes no other: a new instance has to. */
function unstick() {
    if (wasm.is_busy()) throw new Error("a call was broken off");
}
