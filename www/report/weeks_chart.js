// @ts-check
// Bars over weeks, as a picture.

import { make } from "../shared/page.js";
import { spent } from "../shared/time.js";
import { written } from "./periods.js";
import { length } from "./words.js";

/**
 * @typedef {object} Week
 * @property {string} start Its Monday, such as `2026-03-23`.
 * @property {number} credited_ms
 * @property {number} measured_ms
 */

const MINUTE = 60_000;
/** Steps between the lines behind the bars, in minutes. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3000, 6000];
/** In px. */
const [HEIGHT, ABOVE, BELOW, BESIDE] = [180, 12, 26, 78];
/** A week is drawn so wide, at least and at most, in px. */
const [LEAST, MOST] = [14, 56];
/** A date below the bars needs so much, in px. */
const LABEL = 74;

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function shape(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    if (text !== undefined) made.textContent = text;
    return made;
}

/** A day without its year, which the first and each January say. @param {string} start @param {boolean} hasYear */
function label(start, hasYear) {
    return new Date(`${start}T00:00:00Z`).toLocaleDateString(undefined, {
        timeZone: "UTC", day: "numeric", month: "short", ...(hasYear ? { year: "2-digit" } : {}),
    });
}

/**
 * @param {Week[]} weeks
 * @param {HTMLElement} place Where it is to stand: it is made for its width.
 */
export function draw(weeks, place) {
    const most = Math.max(MINUTE, ...weeks.flatMap((it) => [it.credited_ms, it.measured_ms]));
    const step = MINUTE * (STEPS.find((it) => it * MINUTE * 4 >= most) ?? most / MINUTE / 4);
    const top = Math.ceil(most / step) * step;
    const room = Math.max(260, place.clientWidth - 4);
    const wide = Math.min(MOST, Math.max(LEAST, (room - BESIDE) / weeks.length));
    const all = BESIDE + wide * weeks.length + 8;
    const y = (/** @type {number} */ ms) => ABOVE + HEIGHT * (1 - ms / top);

    const best = weeks.reduce((one, other) => (other.credited_ms > one.credited_ms ? other : one));
    const sumMs = weeks.reduce((sum, it) => sum + it.credited_ms, 0);
    const svg = shape("svg", { width: all, height: ABOVE + HEIGHT + BELOW, viewBox: `0 0 ${all} ${ABOVE + HEIGHT + BELOW}`, role: "img", class: "weeks-chart" });
    svg.setAttribute("aria-label", `Time per week from ${written(weeks[0]?.start ?? "")}, ${weeks.length === 1 ? "one week" : `${weeks.length} weeks`}: ${spent(sumMs)} in all, most in the week of ${written(best.start)} with ${spent(best.credited_ms)}. The table below says it in figures.`);
    for (let ms = 0; ms <= top; ms += step) {
        svg.append(shape("line", { x1: BESIDE - 6, x2: all, y1: y(ms), y2: y(ms), class: ms === 0 ? "ground" : "grid" }));
        svg.append(shape("text", { x: BESIDE - 10, y: y(ms) + 4, "text-anchor": "end" }, ms === 0 ? "0" : length(ms)));
    }
    const each = Math.ceil(LABEL / wide);
    let year = "";
    weeks.forEach((week, n) => {
        const x = BESIDE + wide * n;
        const bar = shape("g", {});
        bar.append(shape("title", {}, `Week of ${written(week.start)}: ${spent(week.credited_ms)} credited, ${spent(week.measured_ms)} measured`));
        // A place to point at, also where the bar is low.
        bar.append(shape("rect", { x, width: wide, y: ABOVE, height: HEIGHT, class: "point" }));
        bar.append(shape("rect", { x: x + wide * 0.15, width: wide * 0.7, y: y(week.credited_ms), height: ABOVE + HEIGHT - y(week.credited_ms), class: "credited" }));
        if (Math.abs(week.measured_ms - week.credited_ms) >= 1000) {
            bar.append(shape("line", { x1: x + wide * 0.05, x2: x + wide * 0.95, y1: y(week.measured_ms), y2: y(week.measured_ms), class: "measured" }));
        }
        svg.append(bar);
        if (n % each !== 0 || (n > 0 && x + LABEL > all)) return;
        const hasYear = week.start.slice(0, 4) !== year;
        year = week.start.slice(0, 4);
        svg.append(shape("line", { x1: x + wide / 2, x2: x + wide / 2, y1: ABOVE + HEIGHT, y2: ABOVE + HEIGHT + 5, class: "ground" }));
        svg.append(shape("text", { x: x + 2, y: ABOVE + HEIGHT + 20, "text-anchor": "start" }, label(week.start, hasYear)));
    });
    const scroller = make("div", "", "scroller");
    scroller.tabIndex = 0;
    scroller.role = "group";
    scroller.ariaLabel = "Time per week";
    scroller.append(svg);
    const legend = make("ul", "", "legend");
    const credited = make("li", "credited");
    credited.prepend(make("span", "", "piece credited-week"));
    legend.append(credited);
    if (weeks.some((it) => Math.abs(it.measured_ms - it.credited_ms) >= 1000)) {
        const measured = make("li", "measured, where it is not the same");
        measured.prepend(make("span", "", "piece measured-week"));
        legend.append(measured);
    }
    const drawn = make("div");
    drawn.append(scroller, legend);
    return drawn;
}
