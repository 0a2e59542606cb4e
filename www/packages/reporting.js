// @ts-check
// One package's or activity's sessions: what it does as a rule, how many did what, and reported against measured
// against credited.

import { make } from "../shared/page.js";
import { spent } from "../shared/time.js";
import { HABIT_WORDS, KINDS, KIND_WORDS } from "./words.js";

/**
 * @typedef {object} Reporting A server may leave out what it does not know.
 * @property {{ habit: string, text: string }} verdict
 * @property {number} [sessions]
 * @property {number} [by_report]
 * @property {number} [over_presence]
 * @property {number} [reported_ms]
 * @property {number} [measured_ms]
 * @property {number} [credited_ms]
 */

/**
 * @typedef {object} Activity
 * @property {string} id
 * @property {string} [title]
 * @property {string} [kind]
 * @property {number} [depth]
 * @property {boolean} [is_visible] False where the manifest hides its title from learners.
 * @property {string} [missing_file] What it launches, where the package lacks it.
 * @property {Reporting | null} [reporting] None where it has no way to report.
 */

/**
 * Bars one below the other, each with its name and its figure.
 *
 * @param {string} label What they are, for whoever does not see them.
 * @param {{ name: string, kind: string, size: number, figure: string }[]} lanes
 */
function bars(label, lanes) {
    const drawn = make("ul", "", "bars counts");
    drawn.setAttribute("aria-label", label);
    const most = Math.max(1, ...lanes.map((it) => it.size));
    for (const { name, kind, size, figure } of lanes) {
        const line = make("li");
        const lane = make("div", "", "lane");
        const bar = make("div", "", `bar ${kind}`);
        bar.style.width = `${(100 * size) / most}%`;
        lane.append(bar);
        line.append(make("span", name), lane, make("span", figure, "figure"));
        drawn.append(line);
    }
    return drawn;
}

/** @param {Reporting} it @param {"h3" | "h4"} [heading] */
export function drawReporting(it, heading = "h3") {
    const verdict = make("p", "", "verdict");
    verdict.append(make("span", HABIT_WORDS[it.verdict.habit] ?? it.verdict.habit, `habit ${it.verdict.habit}`), " ", make("span", it.verdict.text));
    const sessions = it.sessions ?? 0;
    if (sessions === 0) return [verdict];
    /** @type {Record<string, number>} */
    const counts = /** @type {any} */ (it);
    const lanes = KINDS.filter((kind) => (counts[kind] ?? 0) > 0).map((kind) => {
        const n = counts[kind] ?? 0;
        return { name: KIND_WORDS[kind] ?? kind, kind, size: n, figure: `${n} (${Math.round((100 * n) / sessions)} %)` };
    });
    const times = /** @type {const} */ ([["reported", it.reported_ms], ["measured", it.measured_ms], ["credited", it.credited_ms]]);
    return [
        verdict,
        make(heading, sessions === 1 ? "1 session that has ended" : `${sessions} sessions that have ended`),
        bars("Sessions by what they reported", lanes),
        make(heading, "Reported, measured and credited"),
        bars(
            "Reported, measured and credited time, all of these sessions together",
            times.map(([kind, ms]) => ({ name: kind, kind, size: ms ?? 0, figure: spent(ms ?? 0) })),
        ),
    ];
}

/** What the sums of a package are not. */
export function drawCaution() {
    return make("p", "Each session as it is, added up: what two of them share counts twice here, and once in the report.", "quiet");
}

/** Marks of a part that is missing or hidden. @param {Activity} it */
function drawMarks(it) {
    const marks = [];
    if (it.missing_file) marks.push(" ", make("span", `missing: ${it.missing_file}`, "habit error"));
    if (it.is_visible === false) marks.push(" ", make("span", "title hidden from learners", "habit"));
    return marks;
}

/** @param {Activity[]} activities */
export function drawActivities(activities) {
    if (activities.length < 2) return [];
    const list = make("ul", "", "activities");
    for (const it of activities) {
        const item = make("li");
        item.style.marginInlineStart = `${Math.min(it.depth ?? 0, 3)}rem`;
        const name = it.title || it.id;
        const marks = drawMarks(it);
        if (it.reporting) {
            const [verdict, ...rest] = drawReporting(it.reporting, "h4");
            const head = make(rest.length > 0 ? "summary" : "div");
            head.append(make("span", name, "name"), ...marks, ...(verdict ? [verdict] : []));
            const more = make("details");
            more.append(head, ...rest);
            item.append(rest.length > 0 ? more : head);
        } else {
            const why = it.kind === "media" ? "A video or audio: its time is what played." : "It has no way to report a time: what is measured is credited.";
            item.append(make("span", name, "name"), ...marks, make("p", why, "quiet"));
        }
        list.append(item);
    }
    return [make("h3", "Its parts"), list];
}
