// @ts-check
// What learners did, how long it took them, and why a minute counted or not.

import { TOKEN, part, say } from "../shared/page.js";
import { moment, spent } from "../shared/time.js";

/**
 * @typedef {object} Detail
 * @property {number} attempt
 * @property {string} activity
 * @property {string} state
 * @property {boolean} is_initialized
 * @property {number} measured_ms
 * @property {number | null} reported_ms
 * @property {string} reported_state
 * @property {number} credited_ms
 * @property {string} provenance
 * @property {string[]} flags
 * @property {number} started_ms
 */
/**
 * @typedef {object} Row
 * @property {{ id: string, name: string }} learner
 * @property {string} course
 * @property {string} topic
 * @property {string} status
 * @property {string | null} score
 * @property {string} time_spent
 * @property {string} provenance
 * @property {string[]} flags
 * @property {number} attempts
 * @property {number} last_visit_ms
 * @property {Detail[]} details
 */

const STATES = {
    running: "still open",
    left: "window closed",
    terminated: "ended by the course",
    implicit: "taken away",
    abandoned: "closed after ten minutes without a sign",
    outside: "menu, and time after the end",
};

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} [kind]
 */
function make(tag, text, kind = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = kind;
    return made;
}

/** Why the credited time is what it is. @param {Detail} it */
function reason(it) {
    if (it.attempt === 0) return "Only looked at (review or preview): shown, and not credited.";
    if (it.activity === "outside") return "Time at the course outside its content; credited as measured.";
    if (it.flags.includes("report_exceeds_presence")) {
        return `The course reported ${spent(it.reported_ms ?? 0)}, but somebody was seen for ${spent(it.measured_ms)} only; credited as measured.`;
    }
    if (it.provenance === "reported") return "The course reported its time, and what was seen bears it out.";
    if (it.reported_state === "malformed") return "The course reported a time that cannot be read; credited as measured.";
    if (it.reported_state === "zero") return "The course reported no time; credited as measured.";
    return "The course reported nothing; credited as measured.";
}

/** @param {Detail[]} details */
function sessions(details) {
    const list = make("ul", "", "sessions");
    for (const it of details) {
        const item = document.createElement("li");
        const name = it.activity === "outside" ? "Outside the content" : it.activity;
        const state = /** @type {Record<string, string>} */ (STATES)[it.state] ?? it.state;
        item.append(make("h2", `${name}, attempt ${it.attempt || "none"}`));
        item.append(make("p", `${moment(it.started_ms)}, ${state}`, "quiet"));
        const bars = make("div", "", "bars");
        const most = Math.max(it.measured_ms, it.reported_ms ?? 0, it.credited_ms, 1);
        for (const [word, ms] of /** @type {[string, number | null][]} */ ([
            ["measured", it.measured_ms],
            ["reported", it.reported_ms],
            ["credited", it.credited_ms],
        ])) {
            if (ms === null || ms === undefined) continue;
            const bar = make("div", "", `bar ${word}`);
            bar.style.width = `${(100 * ms) / most}%`;
            bars.append(make("span", word, "quiet"), bar, make("span", spent(ms)));
        }
        item.append(bars, make("p", reason(it)));
        list.append(item);
    }
    return list;
}

/** @param {Row} row @param {number} n */
function draw(row, n) {
    const line = make("tr", "", "row");
    /** @param {string} name @param {string} text @param {string} [kind] */
    const cell = (name, text, kind = "") => {
        const made = make("td", text, kind);
        made.dataset.name = name;
        line.append(made);
        return made;
    };
    cell("Learner", row.learner.name || row.learner.id, "learner");
    cell("Course", row.course);
    cell("Topic", row.topic);
    cell("Status", row.status);
    cell("Score", row.score ?? "–");
    const time = cell("Time Spent", row.time_spent, "time");
    const flagged = row.flags.length ? ", flagged" : "";
    time.append(make("span", `${row.provenance}${flagged}`, "quiet"));
    cell("Attempts", String(row.attempts));
    cell("Last visit", moment(row.last_visit_ms));
    const more = make("tr", "", "details");
    more.id = `details-${n}`;
    more.hidden = true;
    const wide = document.createElement("td");
    wide.colSpan = 9;
    wide.append(sessions(row.details));
    more.append(wide);
    const button = make("button", "Why?", "plain");
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", more.id);
    button.setAttribute("aria-label", `Why this time: ${row.topic}`);
    button.addEventListener("click", () => {
        more.hidden = !more.hidden;
        button.setAttribute("aria-expanded", String(!more.hidden));
    });
    cell("", "").append(button);
    part("body").append(line, more);
}

/** @param {string} token @param {boolean} isOwn */
async function show(token, isOwn) {
    say(part("state"), "Loading …");
    part("body").replaceChildren();
    part("rows").hidden = true;
    const response = await fetch("/api/v1/report", { headers: { authorization: `Bearer ${token}` }, cache: "no-store" })
        .catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (!response?.ok || !answer) {
        say(part("state"), `The report cannot be shown: ${answer?.detail ?? "the server cannot be reached"}.`);
        part("key-form").hidden = false;
        return;
    }
    say(part("as-of"), `As of ${moment(answer.as_of_ms)}`);
    part("rows").classList.toggle("own", isOwn);
    answer.rows.forEach(draw);
    part("rows").hidden = answer.rows.length === 0;
    say(part("state"), answer.rows.length === 0 ? "Nothing was learned here yet: take a course, then come back." : "");
}

const token = sessionStorage.getItem(TOKEN);
part("key-form").hidden = token !== null;
part("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (part("key"));
    // Never kept: content of the same host could read whatever this page stores.
    void show(field.value, false);
    field.value = "";
});
if (token !== null) void show(token, true);
else say(part("state"), "Open a course to see your own times here, or give an API key to see everybody's.");
