// @ts-check
// The visits behind a row: each as a timeline, with words for every part of it, and its sessions' figures.

import { make } from "../shared/page.js";
import { moment, spent } from "../shared/time.js";
import { drawPart } from "./details.js";
import { draw as drawTimeline } from "./timeline.js";
import { at, sharedMs, story, summary } from "./words.js";

/** @typedef {import("./words.js").Visit} Visit */

/** Of more visits than this, only the latest stands open. */
const OPEN = 3;
/** So many visits are listed at once. */
const AT_ONCE = 20;

/** @param {Visit[]} visits */
export function draw(visits) {
    const drawn = make("div", "", "visits");
    const waiting = [...visits].sort((one, other) => other.opened_ms - one.opened_ms);
    const list = make("div");
    const more = make("button", "", "plain");
    const some = () => {
        for (const visit of waiting.splice(0, AT_ONCE)) list.append(one(visit, visits, list.childElementCount));
        more.textContent = `Show ${Math.min(AT_ONCE, waiting.length)} earlier visits of ${waiting.length}`;
        more.hidden = waiting.length === 0;
    };
    more.addEventListener("click", some);
    some();
    drawn.append(list, more);
    return drawn;
}

/** @param {Visit} visit @param {Visit[]} all @param {number} n Its place in the list. */
function one(visit, all, n) {
    const drawn = make("details", "", "visit");
    const head = make("summary");
    head.append(make("h3", `Visit of ${moment(visit.opened_ms)}`));
    const attempt = visit.attempt ? `attempt ${visit.attempt}` : "no attempt";
    const state = visit.is_open && visit.sessions.some((it) => it.state === "running") ? "still open" : "";
    head.append(make("span", [attempt, state].filter(Boolean).join(" · "), "quiet"));
    head.append(make("p", summary(visit)));
    drawn.append(head);
    let isDrawn = false;
    const fill = () => {
        if (isDrawn || !drawn.open) return;
        isDrawn = true;
        if (visit.segments.length > 0) drawn.append(...told(visit));
        const shared = sharedMs(visit, all);
        if (shared >= 1000) {
            drawn.append(make("p", `During ${spent(shared)} of this, another visit of the row counted as well, as in two windows at once. In the row, time that two of them share counts once.`));
        }
        if (visit.sessions.length > 0) {
            const sessions = make("ul", "", "sessions");
            sessions.append(...visit.sessions.map((it) => drawPart(it)));
            drawn.append(make("h4", "Measured, reported and credited"), sessions);
        }
    };
    drawn.addEventListener("toggle", fill);
    drawn.open = all.length <= OPEN || n === 0;
    fill();
    return drawn;
}

/** The timeline, and its words. @param {Visit} visit */
function told(visit) {
    const timeline = drawTimeline(visit);
    const list = make("ol", "", "moments");
    for (const { atMs, text, segment } of story(visit)) {
        const item = make("li", "", segment ? segment.kind : "event");
        if (segment) {
            const piece = timeline.querySelector(`[data-start="${segment.start_ms}"]`);
            light(item, piece);
            const long = segment.end_ms - segment.start_ms;
            item.append(
                make("span", `${at(atMs, visit)} – ${at(segment.end_ms, visit)}`, "when"),
                make("span", spent(long), "long"),
                make("span", segment.counts ? "counted" : "not counted", segment.counts ? "verdict yes" : "verdict"),
            );
        } else {
            item.append(make("span", at(atMs, visit), "when"));
        }
        item.append(make("span", text, "why"));
        list.append(item);
    }
    return [timeline, make("h4", "Moment by moment"), list];
}

/** The pointer on one shows the other. @param {Element} one @param {Element | null} other */
function light(one, other) {
    if (!other) return;
    for (const it of [one, other]) {
        it.addEventListener("pointerenter", () => [one, other].forEach((it) => it.classList.add("lit")));
        it.addEventListener("pointerleave", () => [one, other].forEach((it) => it.classList.remove("lit")));
    }
}
