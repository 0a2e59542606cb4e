// @ts-check
// What learners did, and how long it took them.

import { keptToken, make, part, say } from "../shared/page.js";
import { moment, spent } from "../shared/time.js";
import { drawParts, drawWhole } from "./details.js";
import { ask, tell } from "./state.js";
import { cell, makeRow } from "./table.js";
import { draw as drawTotals } from "./totals.js";
import { draw as drawVisits } from "./visits.js";

/**
 * @typedef {object} Row A learner and a topic. A server may leave out what it does not know.
 * @property {{ id?: string, name?: string }} [learner]
 * @property {string} [course]
 * @property {string} [topic]
 * @property {string} [topic_id] By which its visits are asked for.
 * @property {string} [status]
 * @property {string | null} [score]
 * @property {number} [progress_percent] How much of a video or audio topic was seen.
 * @property {string} [time_spent]
 * @property {number} [time_spent_ms]
 * @property {string} [provenance]
 * @property {string[]} [flags]
 * @property {number} [attempts]
 * @property {number} [last_visit_ms]
 * @property {import("./details.js").Detail[]} [details]
 * @property {import("./details.js").Medium[]} [media]
 */

/** What the word below a time means. @type {Record<string, string>} */
const PROVENANCES = {
    reported: "as the package reported it",
    measured: "as the learner was seen",
    mixed: "in part reported, in part measured",
    media: "as measured, and video or audio played for most of it",
    legacy: "from older records",
    backfilled: "worked out later from older records",
};

/** What is remarkable, in few words. @type {Record<string, string>} */
const FLAGS = {
    report_exceeds_presence: "a report was too high",
    part_unmeasured: "partly not measured",
};

/** Counts what was asked for: only the last answer is shown. */
let asked = 0;

/**
 * Puts a row's visits in the place of the figures that the row itself has.
 *
 * @param {Row} row
 * @param {string} token
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

/** The report with all of its rows, page by page. @param {string} token */
async function askAll(token) {
    const first = await ask("/api/v1/report?limit=500", token);
    for (let page = first; page.response?.ok && page.answer?.next; ) {
        page = await ask(`/api/v1/report?limit=500&after=${page.answer.next}`, token);
        if (!page.response?.ok || !Array.isArray(page.answer?.rows)) return page;
        first.answer.rows.push(...page.answer.rows);
    }
    return first;
}

/** @param {string} token @param {boolean} isOwn */
async function show(token, isOwn) {
    const mine = ++asked;
    tell("Loading …");
    part("again").hidden = true;
    part("rows").hidden = true;
    part("body").replaceChildren();
    drawTotals(part("totals"), undefined, isOwn);
    say(part("as-of"), "");
    const { response, answer } = await askAll(token);
    if (mine !== asked) return;
    if (!response?.ok || !Array.isArray(answer?.rows)) {
        failed(response, answer, () => void show(token, isOwn), isOwn);
        return;
    }
    if (answer.as_of_ms) say(part("as-of"), `${isOwn ? "Your own times" : "All learners"}, as of ${moment(answer.as_of_ms)}`);
    part("trainer").toggleAttribute("open", false);
    if (answer.rows.length === 0) {
        tell("Nothing here yet", isOwn ? "Take a course, then come back." : "Nobody has taken a course yet.");
        return;
    }
    part("rows").classList.toggle("own", isOwn);
    answer.rows.forEach((/** @type {Row} */ row, /** @type {number} */ n) => drawRow(row, n, token));
    drawTotals(part("totals"), answer.totals, isOwn);
    part("rows").hidden = false;
    part("state").hidden = true;
}

/**
 * @param {Response | undefined} response
 * @param {{ detail?: string } | undefined} answer
 * @param {() => void} again
 * @param {boolean} isOwn
 */
function failed(response, answer, again, isOwn) {
    if (!response) {
        tell("The server cannot be reached", "Please check your connection, then try again.");
    } else if (response.status === 401) {
        const text = isOwn ? "Please open a course again from your learning platform, then come back." : "Please check the API key.";
        tell(isOwn ? "Your access has ended" : "This key is not valid", text);
        return;
    } else {
        tell("The report cannot be shown", `${answer?.detail ?? `The server answered ${response.status}`}.`);
    }
    part("again").hidden = false;
    part("again-button").onclick = again;
}

/** @param {Row} row @param {number} n @param {string} token What the row was asked for with. */
function drawRow(row, n, token) {
    const line = makeRow("row");
    const timeMs = row.time_spent_ms ?? 0;
    cell(line, "Learner", row.learner?.name || row.learner?.id || "–", "learner");
    cell(line, "Course", row.course ?? "–");
    cell(line, "Topic", row.topic ?? "–", "topic");
    const status = cell(line, "Status", row.status ?? "unknown");
    if (row.progress_percent !== undefined) status.append(make("span", `${row.progress_percent} % seen`, "quiet"));
    cell(line, "Score", row.score ?? "–");
    const time = cell(line, "Time Spent", row.time_spent ?? spent(timeMs), "time");
    const source = row.provenance ?? "unknown source";
    time.append(make("span", source, "quiet"));
    for (const flag of row.flags ?? []) if (FLAGS[flag]) time.append(make("span", FLAGS[flag], "flag"));
    cell(line, "Attempts", String(row.attempts ?? 0));
    cell(line, "Last visit", row.last_visit_ms ? moment(row.last_visit_ms) : "–");

    const more = makeRow("details");
    more.id = `details-${n}`;
    more.hidden = true;
    const wide = make("td");
    wide.role = "cell";
    wide.colSpan = 9;
    const meaning = PROVENANCES[source];
    if (meaning) wide.append(make("p", `Time Spent is ${source}: ${meaning}.`, "meaning"));
    const visits = make("div");
    visits.append(drawParts(row.details ?? []));
    wide.append(visits, drawWhole(row.details ?? [], timeMs, row.media));
    more.append(wide);

    const button = make("button", "Details", "plain");
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", more.id);
    button.setAttribute("aria-label", `Details of ${row.topic ?? "this row"}`);
    let isAsked = false;
    button.addEventListener("click", () => {
        if (!isAsked) {
            isAsked = true;
            void showVisits(row, token, visits).then((isShown) => (isAsked = isShown));
        }
        more.hidden = !more.hidden;
        button.setAttribute("aria-expanded", String(!more.hidden));
    });
    cell(line, "", "", "more").append(button);
    part("body").append(line, more);
}

const token = keptToken();
part("trainer").toggleAttribute("open", token === undefined);
part("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (part("key"));
    // Never kept: content of the same host could read whatever this page stores.
    void show(field.value.trim(), false);
    field.value = "";
});
if (token !== undefined) void show(token, true);
else tell("Whose times?", "Open a course to see your own times here, or give an API key to see everybody's.");
