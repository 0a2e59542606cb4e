// @ts-check
// What a visit tells the page that embeds it.

import { observe } from "./api.js";

/** @typedef {import("./types.js").VisitEvents} VisitEvents */

/** The listeners of a visit. */
export class Events {
    /** @type {Map<string, Set<(told: any) => void>>} */ #listeners = new Map();
    #launchedAt = 0;

    /** An activity was launched: times of calls count from here. */
    launched() {
        this.#launchedAt = performance.now();
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
    tell(type, told) {
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
        observe(isHeard ? (...call) => this.#called(...call) : undefined);
    }

    /** @type {import("./api.js").Observer} */
    #called(name, first, second, answer, code) {
        /** @type {import("./types.js").Call} */
        const call = {
            function: name,
            arguments: name === "SetValue" ? [first, second] : name === "GetLastError" ? [] : [first],
            answer,
            code,
            atMs: performance.now() - this.#launchedAt,
        };
        this.tell("call", call);
        if (code === 0) {
            if (name === "SetValue") this.tell("set", { element: first, value: second });
        } else if (!["GetLastError", "GetErrorString", "GetDiagnostic"].includes(name)) {
            this.tell("error", call);
        }
    }
}
