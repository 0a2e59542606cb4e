// @ts-check
// The player's last line: how safe the learner's work is, and how much time was seen.

import { part, say } from "../shared/page.js";
import { clock, spent } from "../shared/time.js";

/** @typedef {import("../../pkg/seattime.js").Saving} Saving */

/** A shorter time than this behind another window is not worth a word. */
const WORTH_SAYING_MS = 10_000;
/** So long it is said what did not count while the page was hidden. */
const SAID_FOR_MS = 30_000;

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
        say(part("time"), `${time} (no longer counting in this window)`);
    }
    for (const it of saving.refused ?? []) refused.add(it.element);
    if (refused.size > 0) {
        const verb = refused.size === 1 ? "value was" : "values were";
        say(part("refused"), `${refused.size} ${verb} not kept: ${[...refused].slice(0, 3).join(", ")}${refused.size > 3 ? " …" : ""}`);
    }
}

/** A time as people say it, such as "5 minutes" or "90 seconds". @param {number} ms */
function spoken(ms) {
    const seconds = Math.round(ms / 1000);
    const inMinutes = seconds >= 60 && (seconds % 60 === 0 || seconds >= 120);
    const count = inMinutes ? Math.round(seconds / 6) / 10 : seconds;
    return `${count} ${inMinutes ? "minute" : "second"}${count === 1 ? "" : "s"}`;
}

/** What was said of the time last. */
let time = "";

/**
 * Answers what shows the time, second by second, and why it does not count where it does not.
 *
 * @param {{ idle_limit_ms: number }} policy
 * @param {boolean} isMedia Whether only what plays counts.
 * @returns {(second: { measuredMs: number, isCounting: boolean, isIdle: boolean }) => void}
 */
export function showSecond({ idle_limit_ms }, isMedia) {
    /** @param {boolean} isIdle */
    const reason = (isIdle) => {
        if (isMedia) return "nothing plays";
        return isIdle ? `no sign of you for ${spoken(idle_limit_ms)}` : "no sign of you since this page stood still";
    };
    let measured = 0;
    /** When the page was hidden, and what was measured by the second after. @type {{ atMs: number, measuredMs?: number } | undefined} */
    let hidden;
    let [lost, lostUntil] = [0, 0];
    document.addEventListener("visibilitychange", () => {
        const now = performance.now();
        if (document.visibilityState !== "visible") hidden = { atMs: now };
        else if (hidden) {
            // A sound that is heard, or another window of the course, may have counted meanwhile.
            lost = now - hidden.atMs - (measured - (hidden.measuredMs ?? measured));
            lostUntil = lost >= WORTH_SAYING_MS ? now + SAID_FOR_MS : 0;
            hidden = undefined;
        }
    });
    return ({ measuredMs, isCounting, isIdle }) => {
        measured = measuredMs;
        // What a sign before it was hidden has earned is told only now.
        if (hidden) hidden.measuredMs ??= measured;
        time = `Time so far: ${spent(measuredMs)}`;
        const isVisible = document.visibilityState === "visible";
        let why = "";
        if (isVisible && !isCounting) why = ` (not counting: ${reason(isIdle)})`;
        else if (isVisible && performance.now() < lostUntil) why = ` (${spent(lost)} while this page was hidden did not count)`;
        say(part("time"), time + why);
    };
}
