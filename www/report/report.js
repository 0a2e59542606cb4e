// @ts-check
// What learners did, and how long it took them.

import { part, say } from "../shared/page.js";
import { moment } from "../shared/time.js";
import { prepare as prepareExports } from "./exports.js";
import { asked, hasPeriod, isNarrow, read, write } from "./narrowing.js";
import * as form from "./narrowing_form.js";
import { forget, offerLogin, showWho, whoReads } from "./reader.js";
import { drawRow } from "./row.js";
import { ask, tell } from "./state.js";
import { draw as drawTotals } from "./totals.js";
import { prepare as prepareWeeks } from "./weeks.js";

/** @typedef {import("./narrowing.js").Narrowing} Narrowing */
/** @typedef {import("./reader.js").Reader} Reader */
/** @typedef {import("./row.js").Row} Row */

/**
 * @typedef {object} Report What the server answers.
 * @property {number} [as_of_ms]
 * @property {string} [zone] In which days begin.
 * @property {{ from?: string, to?: string }} [period]
 * @property {Row[]} rows
 * @property {string} [next] What the rows after these are asked for with.
 * @property {number} [stale] Rows that changed and are not worked out yet.
 * @property {import("./totals.js").LearnerTotals[]} [totals]
 */

/** @type {Reader} */
let reader = { isOwn: true };
let narrowing = read(location.search);
/** Where days begin, once the server has said so. @type {string | undefined} */
let zone;
/** What the rows after those shown are asked for with. @type {string | undefined} */
let next;
/** Counts what was asked for: only the last answer is shown. */
let questions = 0;
/** What is shown of each row, by what makes it one. @type {Map<string, HTMLElement[]>} */
const shown = new Map();

const weeks = prepareWeeks();
const exports = prepareExports();

/** Narrows or sorts the report, and keeps that in the address. @param {Narrowing} change */
function go(change) {
    narrowing = Object.fromEntries(Object.entries({ ...narrowing, ...change }).filter(([, value]) => value));
    history.pushState(null, "", write(narrowing));
    void show();
}

/** @param {Report} answer */
function told(answer) {
    if (!answer.as_of_ms) return "";
    const whose = reader.isOwn ? "Your own times"
        : reader.groups?.length ? `Learners of ${reader.groups.join(", ")}`
        : isNarrow(narrowing) ? "Learners" : "All learners";
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const days = hasPeriod(narrowing) && zone && zone !== own ? `; the days of the period are those of ${zone}, all other times your own` : "";
    return `${whose}, as of ${moment(answer.as_of_ms)}${days}`;
}

async function show() {
    const mine = ++questions;
    const query = asked(narrowing, zone);
    form.draw(narrowing, go);
    part("narrow").classList.toggle("own", reader.isOwn);
    part("again").hidden = true;
    part("rows").setAttribute("aria-busy", "true");
    if (part("rows").hidden) tell("Loading …");
    say(part("as-of"), "");
    const { response, answer } = await ask(`/api/v1/report?${query}`, reader.token);
    if (mine !== questions) return;
    part("rows").removeAttribute("aria-busy");
    for (const id of ["rows", "paging", "exports", "weeks", "totals", "stale"]) part(id).hidden = true;
    part("body").replaceChildren();
    shown.clear();
    if (!response?.ok || !Array.isArray(answer?.rows)) {
        failed(response, answer);
        return;
    }
    if (answer.zone && answer.zone !== zone) {
        zone = answer.zone;
        // Somewhere else it may be another day.
        if (narrowing.period && asked(narrowing, zone).toString() !== query.toString()) return show();
    }
    part("narrow").hidden = false;
    say(part("as-of"), told(answer));
    part("trainer").toggleAttribute("open", false);
    if (answer.rows.length === 0) {
        nothing();
        return;
    }
    part("state").hidden = true;
    part("rows").classList.toggle("own", reader.isOwn);
    form.learn(answer.rows);
    form.list(narrowing, go);
    drawRows(answer);
    drawTotals(part("totals"), answer.totals, reader.isOwn);
    part("rows").hidden = false;
    exports.show(reader, query);
    weeks.show(reader, narrowing, query);
}

/** Adds the rows of an answer. @param {Report} answer @returns {HTMLElement[]} */
function drawRows(answer) {
    const drawn = answer.rows.flatMap((row) => {
        const lines = drawRow(row, { token: reader.token, isOwn: reader.isOwn, narrowing, go });
        // One that changed meanwhile, and stands further down now, is there once.
        const key = JSON.stringify([row.learner?.id, row.course, row.topic_id]);
        shown.get(key)?.forEach((it) => it.remove());
        shown.set(key, lines);
        return lines;
    });
    part("body").append(...drawn);
    next = answer.next;
    const n = part("body").querySelectorAll("tr.row").length;
    part("paging").hidden = next === undefined && n <= answer.rows.length;
    part("more").hidden = next === undefined;
    say(part("count"), next === undefined ? `These are all ${n} rows.` : `${n} rows are shown, and there are more.`);
    if (answer.stale) {
        say(part("stale"), `${answer.stale === 1 ? "1 row has" : `${answer.stale} rows have`} changed and ${answer.stale === 1 ? "is" : "are"} still being worked out: what is shown of such rows is of a moment ago. Load the page again in a minute.`);
    }
    part("stale").hidden = !answer.stale;
    return drawn;
}

/** The next rows, below those that are shown. */
async function showMore() {
    const button = /** @type {HTMLButtonElement} */ (part("more"));
    if (next === undefined || button.disabled) return;
    const mine = questions;
    const query = asked(narrowing, zone);
    query.set("after", next);
    button.disabled = true;
    say(part("count"), "Loading …");
    const { response, answer } = await ask(`/api/v1/report?${query}`, reader.token);
    button.disabled = false;
    if (mine !== questions) return;
    if (!response?.ok || !Array.isArray(answer?.rows)) {
        say(part("count"), response ? `The next rows cannot be shown: ${answer?.detail ?? `the server answered ${response.status}`}.` : "The server cannot be reached. Please try again.");
        return;
    }
    form.learn(answer.rows);
    // Whoever goes by keyboard goes on at the first row that is new.
    drawRows(answer)[0]?.querySelector("button")?.focus();
}

/** No row is there, or none is left. */
function nothing() {
    if (!isNarrow(narrowing)) {
        tell("Nothing here yet", reader.isOwn ? "Take a course, then come back." : "Nobody has taken a course yet.");
        return;
    }
    tell("No row is like that", "Nothing that you may see is what the report is narrowed to.");
    offer("Show everything", () => go(form.everything()));
}

/** @param {string} text @param {() => void} act */
function offer(text, act) {
    say(part("again-button"), text);
    part("again").hidden = false;
    part("again-button").onclick = act;
}

/**
 * @param {Response | undefined} response
 * @param {{ code?: string, detail?: string } | undefined} answer
 */
function failed(response, answer) {
    const again = () => void show();
    if (!response) {
        tell("The server cannot be reached", "Please check your connection, then try again.");
        offer("Try again", again);
    } else if (response.status === 401) {
        const text = reader.isOwn ? "Please open a course again from your learning platform, then come back." : reader.token === undefined ? "Please log in again." : "Please check the API key.";
        tell(reader.isOwn || reader.token === undefined ? "Your access has ended" : "This key is not valid", text);
        part("narrow").hidden = true;
        if (reader.isOwn) forget();
        if (reader.token === undefined) offerLogin();
        part("trainer").hidden = false;
        part("trainer").toggleAttribute("open", !reader.isOwn);
    } else if (response.status === 400 && isNarrow(narrowing)) {
        tell("The report cannot be narrowed like that", `${answer?.detail ?? "The server answered 400"}.`);
        part("narrow").hidden = false;
        offer("Show everything", () => go({ ...form.everything(), sort: "", order: "" }));
    } else {
        tell("The report cannot be shown", `${answer?.detail ?? `The server answered ${response.status}`}.`);
        offer("Try again", again);
    }
}

/** @param {Reader} who */
function begin(who) {
    reader = who;
    showWho(who);
    part("trainer").hidden = who.role !== undefined;
    void show();
}

form.prepare(go);
part("more").addEventListener("click", () => void showMore());
addEventListener("popstate", () => {
    const other = read(location.search);
    // A way within the page changes nothing of what it shows.
    if (part("narrow").hidden || write(other) === write(narrowing)) return;
    narrowing = other;
    void show();
});
// Another link of the same page, which the browser does not load anew by itself.
addEventListener("hashchange", () => location.hash.startsWith("#token=") && location.reload());
part("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (part("key"));
    // Never kept: it opens more than this page.
    begin({ token: field.value.trim(), isOwn: false });
    field.value = "";
});
const { reader: who, canLogIn } = await whoReads();
if (canLogIn) offerLogin();
if (who) {
    begin(who);
} else if (questions === 0) { // Nobody has given a key meanwhile.
    part("trainer").toggleAttribute("open", true);
    const otherwise = canLogIn ? "log in" : "give an API key";
    tell("Whose times?", `Open a course to see your own times here, or ${otherwise} to see everybody's.`);
}
