// @ts-check
// "Still here?": asked a minute before time stops counting, where the course wants it. Any sign of the learner answers
// it; a click on its button is one. It stands below the content, so that nothing of that is covered.

import { part, say } from "../shared/page.js";

/** So long before time stops counting it is asked. */
const AHEAD_MS = 60_000;

/**
 * Answers what is to be told, second by second, of the time.
 *
 * @param {{ idle_limit_ms: number, tail_ms: number }} policy
 * @returns {(second: { measuredMs: number, isCounting: boolean }) => void}
 */
export function asking({ idle_limit_ms, tail_ms }) {
    let [measured, grownAt] = [-1, 0];
    const answer = /** @type {HTMLButtonElement} */ (part("answer"));
    const ask = (/** @type {boolean} */ isAsked) => {
        say(part("question"), isAsked ? "Still here? Without a sign of you, time stops counting in a minute." : "");
        answer.hidden = !isAsked;
    };
    // The press was the sign; what is left is to take the question away.
    answer.addEventListener("click", () => ask(false));
    return ({ measuredMs, isCounting }) => {
        const now = performance.now();
        if (measuredMs !== measured) [measured, grownAt] = [measuredMs, now];
        // Time grows until the tail of the last sign is over.
        const silence = now - grownAt + tail_ms;
        const isDue = silence >= Math.max(tail_ms + 2000, idle_limit_ms - AHEAD_MS);
        ask(isDue && isCounting && document.visibilityState === "visible");
    };
}
