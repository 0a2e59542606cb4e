// @ts-check
// Several tests of a file side by side: each has what it plays on for itself while it runs.

import { availableParallelism } from "node:os";

/** So many tests run side by side: one a core, and two where there is one, since each waits now and then. */
export const SIDE_BY_SIDE = { concurrency: Math.max(2, availableParallelism()) };

/** What tests play on: made when none is free, used again, and ended together. @template T */
export class Lanes {
    /** @type {(n: number) => Promise<T>} */ #make;
    /** @type {T[]} Those on which nothing is played now. */ #free = [];
    /** @type {T[]} */ all = [];
    #begun = 0;

    /** @param {(n: number) => Promise<T>} make Makes one more; `n`: how many there were. */
    constructor(make) {
        this.#make = make;
    }

    /** Plays on a lane that nothing else is played on meanwhile. @template R @param {(lane: T) => Promise<R>} play @returns {Promise<R>} */
    async on(play) {
        const lane = this.#free.pop() ?? (await this.#another());
        try {
            return await play(lane);
        } finally {
            this.#free.push(lane);
        }
    }

    async #another() {
        const made = await this.#make(this.#begun++);
        this.all.push(made);
        return made;
    }
}
