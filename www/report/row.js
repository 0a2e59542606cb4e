// @ts-check
// A row of the report, and what it opens to.

import { make } from "../shared/page.js";
import { spent } from "../shared/time.js";
import { drawBefore, drawParts, drawWhole } from "./details.js";
import { write } from "./narrowing.js";
import { ask } from "./state.js";
import { cell, makeRow } from "./table.js";
import { FLAGS, KINDS, MISSING, PROVENANCES, STATUSES, conflictWords } from "./terms.js";
import { draw as drawVisits } from "./visits.js";

/** Flags that stand with the status. */
const OF_STATUS = ["completion_assumed", "failed_while_paused"];

/**
 * @typedef {object} InPeriod What of a row lies in the period that is asked for.
 * @property {string} [time_spent]
 * @property {number} [time_spent_ms]
 * @property {number} [visits]
 * @property {number} [attempts]
 */

/**
 * @typedef {object} Row A learner and a topic. A server may leave out what it does not know.
 * @property {{ id?: string, name?: string }} [learner]
 * @property {string[]} [groups] The learner's.
 * @property {string} [course]
 * @property {string} [topic]
 * @property {string} [topic_id] By which its visits are asked for.
 * @property {string} [kind]
 * @property {string} [status]
 * @property {string | null} [score] The last one.
 * @property {boolean} [score_provisional] True if no session achieved a score yet.
 * @property {{ status: string, score?: string | null }} [latest] The latest sessions' outcome, where the record is better.
 * @property {string | null} [best_score]
 * @property {number} [progress_percent] How much of a video or audio topic was seen.
 * @property {number} [position_ms] Where a video or audio goes on.
 * @property {string} [time_spent]
 * @property {number} [time_spent_ms]
 * @property {number} [backfilled_ms] Of it, what was taken over from the learning platform.
 * @property {InPeriod} [in_period]
 * @property {string} [provenance]
 * @property {string[]} [flags]
 * @property {number} [conflicts] Values that were kept beside.
 * @property {string} [missing] Why something is not there.
 * @property {number} [attempts]
 * @property {number} [backfilled_attempts] Of them, those that were taken over.
 * @property {{ attempt: number, time_spent?: string, credited_ms?: number }[]} [by_attempt] What each of them comes to.
 * @property {number} [first_visit_ms]
 * @property {number} [last_visit_ms]
 * @property {import("./details.js").Detail[]} [details]
 * @property {import("./details.js").Medium[]} [media]
 * @property {import("./covered.js").SeenDocument[]} [documents]
 */

/** @typedef {import("./narrowing.js").Narrowing} Narrowing */

/**
 * @typedef {object} Reading
 * @property {string | undefined} token What the row was asked for with; none where a cookie says who reads.
 * @property {boolean} isOwn Whether it is a learner who reads.
 * @property {Narrowing} narrowing
 * @property {(change: Narrowing) => void} go
 */

/** Numbers the rows of the page. */
let drawn = 0;

/** @param {Row} row */
const isNeverLaunched = (row) => row.missing === "never_launched";

/** Whether nobody ever opened it here. @param {Row} row */
const hasNoVisit = (row) => isNeverLaunched(row) || (row.provenance === "backfilled" && !row.last_visit_ms);

/** What stands in the place of a time, and below it. @param {HTMLElement} held @param {Row} row */
function drawTime(held, row) {
    const missing = MISSING[row.missing ?? ""];
    const part = row.in_period;
    const whole = row.time_spent ?? spent(row.time_spent_ms ?? 0);
    if (missing && !missing.isTimeKnown && !row.time_spent_ms) {
        held.append(isNeverLaunched(row) ? "–" : "not known", make("span", missing.short, isNeverLaunched(row) ? "flag none" : "flag"));
        return;
    }
    held.append(part ? part.time_spent ?? spent(part.time_spent_ms ?? 0) : whole);
    if (part) held.append(make("span", `of ${whole} in all`, "quiet"));
    const isAllBefore = row.provenance === "backfilled";
    held.append(make("span", isAllBefore ? "taken over" : row.provenance ?? "unknown source", "quiet"));
    if (row.backfilled_ms && !isAllBefore) held.append(make("span", `${spent(row.backfilled_ms)} from before`, "quiet"));
    if (missing) held.append(make("span", missing.short, "flag none"));
    const ofTime = (row.flags ?? []).filter((it) => !OF_STATUS.includes(it));
    for (const flag of ofTime) if (FLAGS[flag]) held.append(make("span", FLAGS[flag], "flag"));
}

/**
 * Shows that the row is better than its latest sessions left it, and what its status rests on.
 *
 * @param {HTMLElement} held
 * @param {Row} row
 */
function drawLatest(held, row) {
    for (const flag of OF_STATUS) if (row.flags?.includes(flag)) held.append(make("span", FLAGS[flag], "quiet"));
    const latest = row.latest?.status;
    if (latest && latest !== row.status) held.append(make("span", `last time ${(STATUSES[latest] ?? latest).toLowerCase()}`, "quiet"));
}

/** @param {HTMLElement} held @param {Row} row */
function drawScore(held, row) {
    held.append(row.score ?? "–");
    if (row.score_provisional) held.append(make("span", "so far", "quiet"));
    if (row.best_score && row.best_score !== row.score) held.append(make("span", `best ${row.best_score}`, "quiet"));
}

/** A day, and below it the time. @param {HTMLElement} held @param {number | undefined} ms */
function drawMoment(held, ms) {
    held.append(ms ? new Date(ms).toLocaleDateString(undefined, { dateStyle: "medium" }) : "–");
    if (ms) held.append(make("span", new Date(ms).toLocaleTimeString(undefined, { timeStyle: "short" }), "quiet"));
}

/**
 * @param {Row} row
 * @param {Reading} reading
 * @returns {HTMLElement[]} The row, and what it opens to.
 */
export function drawRow(row, reading) {
    const line = makeRow("row");
    cell(line, "Learner", row.learner?.name || row.learner?.id || "–", "learner");
    cell(line, "Course", row.course ?? "–");
    const topic = cell(line, "Topic", row.topic ?? "–", "topic");
    if (row.kind) topic.append(make("span", KINDS[row.kind] ?? row.kind, "quiet"));
    // Of what never reached the server, nobody knows how far it went.
    const isLost = row.missing === "saving_failed" && !row.attempts;
    const status = cell(line, "Status", isLost ? "not known" : STATUSES[row.status ?? "unknown"] ?? row.status ?? "", "status");
    if (!isLost) drawLatest(status, row);
    if (row.progress_percent !== undefined) status.append(make("span", `${row.progress_percent} % seen`, "quiet"));
    if (row.conflicts && !reading.isOwn) status.append(make("span", row.conflicts === 1 ? "1 conflict" : `${row.conflicts} conflicts`, "flag"));
    drawScore(cell(line, "Score", "", "score"), row);
    drawTime(cell(line, "Time Spent", "", "time"), row);
    const attempts = cell(line, "Attempts", String(row.in_period?.attempts ?? row.attempts ?? 0));
    if (row.in_period && row.in_period.attempts !== row.attempts) attempts.append(make("span", `of ${row.attempts ?? 0}`, "quiet"));
    if (row.backfilled_attempts && row.backfilled_attempts !== row.attempts) attempts.append(make("span", `${row.backfilled_attempts} from before`, "quiet"));
    drawMoment(cell(line, "First visit", "", "visit-time"), row.first_visit_ms);
    drawMoment(cell(line, "Last visit", "", "visit-time"), row.last_visit_ms);

    const more = makeRow("details");
    more.id = `details-${++drawn}`;
    more.hidden = true;
    const wide = make("td");
    wide.role = "cell";
    wide.colSpan = 10;
    more.append(wide);

    const button = make("button", "Details", "plain");
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", more.id);
    button.setAttribute("aria-label", `Details of ${row.topic ?? "this row"}${reading.isOwn || !row.learner ? "" : `, ${row.learner.name || row.learner.id}`}`);
    /** @type {HTMLElement | undefined} */ let visits;
    let isAsked = false;
    button.addEventListener("click", () => {
        visits ??= open(wide, row, reading);
        if (!isAsked && !hasNoVisit(row)) {
            isAsked = true;
            void showVisits(row, reading.token, visits).then((isShown) => (isAsked = isShown));
        }
        more.hidden = !more.hidden;
        button.setAttribute("aria-expanded", String(!more.hidden));
    });
    cell(line, "", "", "more").append(button);
    return [line, more];
}

/**
 * Fills what a row opens to, as far as the row itself knows it.
 *
 * @param {HTMLElement} wide
 * @param {Row} row
 * @param {Reading} reading
 * @returns {HTMLElement} Where its visits belong.
 */
function open(wide, row, reading) {
    const source = row.provenance ?? "";
    const missing = MISSING[row.missing ?? ""];
    if (missing) wide.append(make("p", missing.long, "meaning"));
    else if (PROVENANCES[source]) wide.append(make("p", `Time Spent is ${source}: ${PROVENANCES[source]}.`, "meaning"));
    if (row.conflicts && !reading.isOwn) wide.append(make("p", conflictWords(row.conflicts), "meaning"));
    const only = drawOnly(row, reading);
    if (only) wide.append(only);
    const visits = make("div");
    if (isNeverLaunched(row)) return visits;
    const { details = [], media = [], documents = [], by_attempt = [] } = row;
    const before = details.filter((it) => it.state === "backfilled");
    if (before.length > 0) wide.append(drawBefore(before, row.backfilled_attempts ?? 0));
    if (by_attempt.length > 1) {
        const each = by_attempt.map((it) => `attempt ${it.attempt}: ${it.time_spent ?? spent(it.credited_ms ?? 0)}`);
        wide.append(make("p", `By attempt: ${each.join(" · ")}`, "meaning"));
    }
    visits.append(drawParts(details.filter((it) => it.state !== "backfilled")));
    wide.append(visits, drawWhole(details, row.time_spent_ms ?? 0, { media, documents, positionMs: row.position_ms }));
    if (details.length + media.length + documents.length === 0 && !missing) wide.append(make("p", "Nothing more is known of this row."));
    return visits;
}

/** Ways to narrow the report to what this row is about. @param {Row} row @param {Reading} reading */
function drawOnly(row, { narrowing, isOwn, go }) {
    /** @type {[string, Narrowing][]} */
    const ways = [];
    const { learner, course, topic, topic_id } = row;
    if (!isOwn && learner?.id) ways.push([learner.name || learner.id, { learner: learner.id, q: "" }]);
    if (!isOwn) for (const group of row.groups ?? []) ways.push([`group ${group}`, { group }]);
    if (course) ways.push([course, { course }]);
    if (!isOwn && topic && topic_id) ways.push([topic, { topic: topic_id }]);
    const left = ways.filter(([, change]) => Object.entries(change).some(([name, value]) => (narrowing[name] ?? "") !== value));
    if (left.length === 0) return undefined;
    const drawn = make("p", "Show only: ", "only");
    left.forEach(([text, change], n) => {
        const link = make("a", text);
        link.href = write({ ...narrowing, ...change });
        link.addEventListener("click", (event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return; // Another tab, by the address.
            event.preventDefault();
            go(change);
        });
        drawn.append(n > 0 ? " · " : "", link);
    });
    return drawn;
}

/**
 * Puts a row's visits in the place of the figures that the row itself has.
 *
 * @param {Row} row
 * @param {string | undefined} token
 * @param {HTMLElement} place
 * @returns {Promise<boolean>} Whether that is done; a server may know no visits.
 */
async function showVisits(row, token, place) {
    if (!row.topic_id) return true;
    const of = new URLSearchParams({ learner: row.learner?.id ?? "", course: row.course ?? "", topic: row.topic_id });
    place.querySelector(".trouble")?.remove();
    const waiting = make("p", "The visits are loading …", "quiet");
    waiting.role = "status";
    place.prepend(waiting);
    const { response, answer } = await ask(`/api/v1/report/visits?${of}`, token);
    if (response?.ok && Array.isArray(answer?.visits)) {
        place.replaceChildren(drawVisits(answer.visits));
        return true;
    }
    if (response?.status === 404) {
        waiting.remove(); // A server that knows none: what the row itself says is all there is.
        return true;
    }
    const why = response ? answer?.detail ?? `the server answered ${response.status}` : "the server cannot be reached";
    waiting.textContent = `The visits cannot be shown moment by moment: ${why}. Close and open the details to try again.`;
    waiting.className = "quiet trouble";
    return false;
}
