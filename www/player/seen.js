// @ts-check
// What was seen of a video or audio: parts of it, in seconds, each once.

/** @typedef {[start: number, end: number]} Part */

/** What was seen. */
export class Seen {
    /** @type {Part[]} */ #before;

    /** @param {[start: number, end: number][]} covered What earlier visits saw, in ms. */
    constructor(covered) {
        this.#before = covered.map(([start, end]) => [start / 1000, end / 1000]);
    }

    /**
     * Together with what was played here.
     *
     * @param {TimeRanges} played
     * @returns {Part[]} In order, without overlaps.
     */
    with(played) {
        /** @type {Part[]} */
        const all = [...this.#before];
        for (let n = 0; n < played.length; n++) all.push([played.start(n), played.end(n)]);
        all.sort(([one], [other]) => one - other);
        /** @type {Part[]} */
        const parts = [];
        for (const [start, end] of all) {
            const last = parts.at(-1);
            if (last && start <= last[1]) last[1] = Math.max(last[1], end);
            else parts.push([start, end]);
        }
        return parts;
    }
}
