// @ts-check
// The player's last line: how safe the learner's work is, and how much time was seen.

import { part, say } from "../shared/page.js";
import { clock, spent } from "../shared/time.js";

/** @typedef {import("../../pkg/seattime.js").Saving} Saving */

/** What the server did not keep in this visit. @type {Set<string>} */
const refused = new Set();

/**
 * Says how things stand. Only what is new is read aloud: the time of day and the next try stand beside it,
 * since both change every half minute.
 *
 * @param {string} text
 * @param {string} [when]
 * @param {boolean} [isTrouble]
 */
export function showStanding(text, when = "", isTrouble = false) {
    part("standing").classList.toggle("trouble", isTrouble);
    say(part("saving"), text);
    say(part("saving-when"), when);
}

/** @param {Saving} saving */
export function showSaving(saving) {
    const now = part("saving").textContent ?? "";
    if (saving.state === "saving") {
        // What was saved is saved still, and what was not is not yet.
        if (now === "Saved") return;
        if (now.startsWith("Not saved")) showStanding(now, "; trying again …", true);
        else showStanding("Saving …");
    } else if (saving.state === "saved") {
        showStanding("Saved", ` at ${clock(saving.atMs ?? Date.now())}`);
    } else if (saving.state === "unsaved") {
        const at = clock(Date.now() + (saving.retryInMs ?? 0));
        showStanding(`Not saved: ${saving.detail ?? "the server did not take it"}`, `; trying again at ${at}`, true);
    } else {
        showStanding(saving.why === "superseded" ? "Continued in another window" : "Stopped: nothing more is kept", "", true);
    }
    for (const it of saving.refused ?? []) refused.add(it.element);
    if (refused.size > 0) {
        const verb = refused.size === 1 ? "value was" : "values were";
        say(part("refused"), `${refused.size} ${verb} not kept: ${[...refused].slice(0, 3).join(", ")}${refused.size > 3 ? " …" : ""}`);
    }
}

/**
 * @param {{ measuredMs: number, isCounting: boolean }} second
 * @param {string} why Why time does not count while the page is looked at.
 */
export function showSecond({ measuredMs, isCounting }, why) {
    const isPaused = !isCounting && document.visibilityState === "visible";
    say(part("time"), `Time so far: ${spent(measuredMs)}${isPaused ? ` (paused: ${why})` : ""}`);
}
