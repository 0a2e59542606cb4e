// @ts-check
// What the rows come to, per learner and course, and why parts may add up to more than the whole.

import { make } from "../shared/page.js";
import { spent } from "../shared/time.js";

/**
 * @typedef {object} Totals What a level comes to. A server may leave out what it does not know.
 * @property {string} [time_spent]
 * @property {number} [credited_ms]
 * @property {number} [backfilled_ms] Of it, what was taken over from the learning platform.
 * @property {number} [parts_ms] What its parts were credited.
 * @property {number} [shared_ms] What was measured in two of its parts at once.
 * @property {number} [measured_ms]
 * @property {number} [corroborated_ms] Of it, what lies near a moment at which the server heard of the page.
 */
/** @typedef {Totals & { course?: string, topics?: number }} CourseTotals */
/** @typedef {Totals & { learner?: { id?: string, name?: string }, courses?: CourseTotals[] }} LearnerTotals */

/** @param {Totals} it */
const timeOf = (it) => it.time_spent ?? spent(it.credited_ms ?? 0);

/**
 * Why the whole is less than its parts; nothing where it is not.
 *
 * @param {Totals} whole
 * @param {string} parts What they are, in the plural.
 */
function why(whole, parts) {
    const sumMs = whole.parts_ms ?? 0;
    if (sumMs < (whole.credited_ms ?? 0) + 1000) return undefined;
    const sharedMs = whole.shared_ms ?? 0;
    const reason = sharedMs >= 1000
        ? `${spent(sharedMs)} were spent in two ${parts} at once and count once`
        : "what packages report above what was seen is allowed for once, not for each of them";
    return `The ${parts} add up to ${spent(sumMs)}, and ${timeOf(whole)} are credited: ${reason}.`;
}

/** @param {Totals} it */
const before = (it) => `${spent(it.backfilled_ms ?? 0)} of it are from before courses ran here, taken over from the learning platform.`;

/** @param {CourseTotals} it */
function course(it) {
    const item = make("li");
    const topics = it.topics === 1 ? "1 topic" : `${it.topics ?? 0} topics`;
    item.append(make("span", it.course || "Course", "name"), make("span", topics, "quiet"), make("span", timeOf(it), "figure"));
    const text = why(it, "topics");
    if (text) item.append(make("p", text, "quiet"));
    if (it.backfilled_ms) item.append(make("p", before(it), "quiet"));
    return item;
}

/** @param {LearnerTotals} it @param {boolean} isOwn */
function learner(it, isOwn) {
    const item = make("section", "", "total");
    const courses = it.courses ?? [];
    const heading = make("h3", isOwn ? "All your courses" : it.learner?.name || it.learner?.id || "Learner");
    heading.append(make("span", timeOf(it), "figure"));
    item.append(heading);
    const text = why(it, "courses");
    if (text) item.append(make("p", text));
    const list = make("ul");
    list.append(...courses.map(course));
    item.append(list);
    const loneMs = (it.measured_ms ?? 0) - (it.corroborated_ms ?? it.measured_ms ?? 0);
    if (loneMs >= 1000) {
        item.append(make("p", `${spent(loneMs)} of what was measured were told later, such as after a time without a network.`, "quiet"));
    }
    return item;
}

/**
 * Shows the totals, or nothing where there are none: a learner's own at once, those of all when asked for.
 *
 * @param {HTMLElement} place
 * @param {LearnerTotals[] | undefined} totals
 * @param {boolean} isOwn
 */
export function draw(place, totals, isOwn) {
    place.replaceChildren();
    place.hidden = !totals?.length;
    if (!totals?.length) return;
    const drawn = totals.map((it) => learner(it, isOwn));
    if (isOwn) {
        place.append(...drawn);
        return;
    }
    const folded = make("details");
    folded.append(make("summary", `Total of each learner (${totals.length})`), ...drawn);
    place.append(folded);
}
