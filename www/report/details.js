// @ts-check
// What lies behind a row: each session's figures side by side, and why a minute counted or not.

import { make } from "../shared/page.js";
import { moment, spent } from "../shared/time.js";
import { drawDocument, drawMedium } from "./covered.js";
import { refusals } from "./refused.js";

/**
 * @typedef {object} Detail A session, or a visit's time outside of all. A server may leave out what it does not know.
 * @property {number} [attempt] 0 where it counts for none.
 * @property {string} [activity] Its title, or `outside`.
 * @property {string} [state]
 * @property {boolean} [is_initialized]
 * @property {number} [measured_ms]
 * @property {number} [media_ms] Of it, what media played.
 * @property {number | null} [reported_ms]
 * @property {string} [reported_state]
 * @property {number} [credited_ms]
 * @property {string} [provenance]
 * @property {string[]} [flags]
 * @property {import("./refused.js").Refused[]} [refused] Scores and statuses that content could not set.
 * @property {number} [started_ms]
 */

/** @typedef {import("./covered.js").Medium} Medium */

/** @type {Record<string, string>} */
const STATES = {
    running: "still open",
    left: "window closed",
    terminated: "ended by the course",
    implicit: "taken away before the course ended it",
    abandoned: "closed after ten minutes without a sign",
    outside: "",
    backfilled: "taken over from the learning platform",
};

/** What is no session, by its state. @type {Record<string, string>} */
const NAMES = { outside: "Outside the content", backfilled: "Before courses ran here" };

/**
 * Why the credited time is what it is.
 *
 * @param {Detail} it
 */
function reason(it) {
    const reported = `The package reported ${spent(it.reported_ms ?? 0)}`;
    const seen = `the learner was seen for ${spent(it.measured_ms ?? 0)}`;
    const isOver = it.flags?.includes("report_exceeds_presence");
    if (it.state === "backfilled") return "Taken over from the learning platform, which kept it before courses ran here. It was not measured here, and when it was is not known: it is in no week and no period.";
    if (it.attempt === 0) return "Only looked at, in review or preview: shown, not credited.";
    if (it.activity === "outside") return "Time in the course outside its content, such as its menu; credited as measured.";
    if (isOver && it.provenance === "reported") return `${reported}, but ${seen}; reports are credited here up to the length of the visit.`;
    if (isOver) return `${reported}, but ${seen}; the report was not credited.`;
    if (it.provenance === "reported") return "The package reported its time, and it was credited.";
    if (it.provenance === "media") return `Credited as measured; for ${spent(it.media_ms ?? 0)} of it, video or audio played.`;
    if (it.provenance === "legacy") return "Taken over from older records.";
    if (it.reported_state === "set") return `${reported}; credited as measured.`;
    if (it.reported_state === "malformed") return "The package reported a time that cannot be read; credited as measured.";
    if (it.reported_state === "zero") return "The package reported a time of zero; credited as measured.";
    return "The package reported no time; credited as measured.";
}

/** @param {Detail} it @returns {[string, number][]} */
function played(it) {
    return it.media_ms ? [["media", it.media_ms]] : [];
}

/** @param {Detail} it */
function bars(it) {
    const drawn = make("div", "", "bars");
    /** @type {[string, number | null | undefined][]} */
    const figures = it.state === "backfilled" ? [["before", it.credited_ms ?? 0]] : [["measured", it.measured_ms ?? 0], ...played(it), ["reported", it.reported_ms], ["credited", it.credited_ms ?? 0]];
    const most = Math.max(1, ...figures.map(([, ms]) => ms ?? 0));
    for (const [word, ms] of figures) {
        const lane = make("div", "", "lane");
        const bar = make("div", "", `bar ${word}`);
        bar.style.width = `${(100 * (ms ?? 0)) / most}%`;
        lane.append(bar);
        const figure = ms ?? undefined;
        drawn.append(make("span", word, "quiet"), lane, make("span", figure === undefined ? "–" : spent(figure), "figure"));
    }
    return drawn;
}

/**
 * A session with its figures side by side, and why it was credited what it was.
 *
 * @param {Detail} it
 * @param {string} [when] Which visit it belongs to, where nothing else says so.
 */
export function drawPart(it, when = "") {
    const item = make("li");
    const name = NAMES[it.state ?? ""] ?? it.activity ?? "Content";
    const state = STATES[it.state ?? ""] ?? it.state ?? "";
    item.append(make("h3", name), make("p", [when, state].filter(Boolean).join(" · "), "quiet"));
    const why = make("p", reason(it));
    if (it.flags?.includes("report_exceeds_presence")) why.className = "flagged";
    item.append(bars(it), why, ...refusals(it.refused).map((text) => make("p", text, "flagged")));
    return item;
}

/**
 * What was taken over from the learning platform: no visit of a row.
 *
 * @param {Detail[]} details
 * @param {number} attempts How many there were.
 */
export function drawBefore(details, attempts) {
    const list = make("ul", "", "sessions before");
    for (const it of details) list.append(drawPart(it, attempts === 1 ? "1 attempt" : `${attempts} attempts`));
    return list;
}

/**
 * Every session of a row, as far as the row itself knows them.
 *
 * @param {Detail[]} details
 */
export function drawParts(details) {
    const list = make("ul", "", "sessions");
    for (const it of details) {
        const attempt = it.attempt ? `attempt ${it.attempt}` : "no attempt";
        list.append(drawPart(it, it.started_ms ? `${attempt} · ${moment(it.started_ms)}` : attempt));
    }
    return list;
}

/**
 * What a row says of all its visits together.
 *
 * @param {Detail[]} details
 * @param {number} creditedMs What the whole row is credited.
 * @param {object} seen
 * @param {Medium[]} seen.media What was seen of videos and audios.
 * @param {import("./covered.js").SeenDocument[]} seen.documents Which pages of documents were seen.
 * @param {number} [seen.positionMs] Where the only video or audio goes on.
 */
export function drawWhole(details, creditedMs, { media, documents, positionMs }) {
    const drawn = make("div", "", "whole");
    if (media.length > 0) {
        const seen = make("ul", "", "media");
        seen.append(...media.map((it) => drawMedium(it, media.length === 1 ? positionMs : undefined)));
        drawn.append(make("h3", "Videos and audios, each part once"), seen);
    }
    if (documents.length > 0) {
        const pages = make("ul", "", "media");
        pages.append(...documents.map(drawDocument));
        drawn.append(make("h3", "Documents, each page once"), pages);
    }
    const sumMs = details.reduce((sum, it) => sum + (it.credited_ms ?? 0), 0);
    if (sumMs >= creditedMs + 1000) {
        const text = `The parts add up to ${spent(sumMs)}, and ${spent(creditedMs)} are credited: time that two of them share, as in two windows at once, counts once.`;
        drawn.append(make("p", text));
    }
    return drawn;
}
