// @ts-check
// What was seen of a video or audio, as a bar over its length; and which pages of a document.

import { make } from "../shared/page.js";
import { spent } from "../shared/time.js";
import { nameOf, hostOf } from "./words.js";

/**
 * @typedef {object} Medium What was seen of a video or audio.
 * @property {string} [key] Its path, and its length in seconds.
 * @property {string} [kind] `video`, `audio`, or `unmeasured` for a player that does not say when it plays.
 * @property {number} [duration_ms] 0 where it is not known.
 * @property {number} [covered_ms] Each part once.
 * @property {[number, number][]} [covered] Which parts, in ms of it.
 */

/**
 * @typedef {object} SeenDocument Which pages of a document, such as a PDF, were seen.
 * @property {string} [key] Its path.
 * @property {number} [pages]
 * @property {number} [seen_pages]
 * @property {[number, number][]} [seen] First and last page of each piece, counted from 1.
 */

/** A place in a video, such as `1:02:03`. @param {number} ms */
function place(ms) {
    const seconds = Math.floor(ms / 1000);
    const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** What was not seen, in words. @param {[number, number][]} covered @param {number} allMs */
function gaps(covered, allMs) {
    const ends = [0, ...covered.flat(), allMs];
    const found = [];
    for (let n = 0; n < ends.length; n += 2) {
        if ((ends[n + 1] ?? 0) - (ends[n] ?? 0) >= 1000) found.push(`${place(ends[n] ?? 0)} to ${place(ends[n + 1] ?? 0)}`);
    }
    return found;
}

/** Pages in words, such as `3, 7 to 9`. @param {[number, number][]} pieces */
function pagesOf(pieces) {
    const listed = pieces.slice(0, 5).map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
    return pieces.length > 5 ? `${listed.join(", ")} and others` : listed.join(", ");
}

/** @param {SeenDocument} it */
export function drawDocument({ key = "", pages = 0, seen_pages = 0, seen = [] }) {
    const name = nameOf(key);
    const item = make("li", `${name}: ${seen_pages} of ${pages} ${pages === 1 ? "page" : "pages"} seen`);
    if (seen.length === 0 || pages <= 0) return item;
    const bar = make("div", "", "covered");
    bar.role = "img";
    /** @type {[number, number][]} */
    const missed = [];
    let next = 1;
    for (const [first, last] of [...seen, [pages + 1, pages + 1]]) {
        if (first > next) missed.push([next, first - 1]);
        next = last + 1;
    }
    bar.ariaLabel = missed.length > 0 ? `Pages not seen: ${pagesOf(missed)}` : "All pages were seen";
    bar.title = bar.ariaLabel;
    for (const [first, last] of seen) {
        const piece = make("i");
        piece.style.insetInlineStart = `${(100 * (first - 1)) / pages}%`;
        piece.style.width = `${(100 * (last - first + 1)) / pages}%`;
        bar.append(piece);
    }
    const ends = make("div", "", "ends");
    ends.append(make("span", "page 1"), make("span", `page ${pages}`));
    item.append(bar, ends);
    return item;
}

/**
 * @param {Medium} it
 * @param {number} [positionMs] Where it goes on.
 */
export function drawMedium(it, positionMs) {
    if (it.kind === "unmeasured") return make("li", `A player of ${hostOf(it.key ?? "")}: it does not say when it plays, so that this part could not be measured`);
    const [allMs, coveredMs] = [it.duration_ms ?? 0, it.covered_ms ?? 0];
    const share = allMs ? ` of ${spent(allMs)} (${Math.floor((100 * coveredMs) / allMs)} %)` : "";
    const word = it.kind === "audio" ? "heard" : "seen";
    const item = make("li", `${nameOf(it.key ?? "")}: ${spent(coveredMs)}${share} ${word}`);
    if (!it.covered || allMs <= 0) return item;
    const bar = make("div", "", "covered");
    bar.role = "img";
    const missed = gaps(it.covered, allMs);
    const listed = missed.length > 5 ? `${missed.slice(0, 5).join(", ")} and ${missed.length - 5} other parts` : missed.join(", ");
    bar.ariaLabel = missed.length > 0 ? `Not ${word}: ${listed}` : `All of it was ${word}`;
    bar.title = bar.ariaLabel;
    for (const [from, to] of it.covered) {
        const piece = make("i");
        piece.style.insetInlineStart = `${(100 * from) / allMs}%`;
        piece.style.width = `${(100 * (to - from)) / allMs}%`;
        bar.append(piece);
    }
    const ends = make("div", "", "ends");
    ends.append(make("span", "0:00"));
    if (positionMs !== undefined && positionMs > 0 && positionMs < allMs) {
        const mark = make("b");
        mark.style.insetInlineStart = `${(100 * positionMs) / allMs}%`;
        bar.append(mark);
        ends.append(make("span", `goes on at ${place(positionMs)}`));
    }
    ends.append(make("span", place(allMs)));
    item.append(bar, ends);
    return item;
}
