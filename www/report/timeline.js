// @ts-check
// A visit drawn over the clock on the wall: signs, page, media, content, what counted, and what was reported.

import { make } from "../shared/page.js";
import { spent } from "../shared/time.js";
import { at, nameOf, roughly, summary } from "./words.js";

/** @typedef {import("./words.js").Interval} Interval */
/** @typedef {import("./words.js").Segment} Segment */
/** @typedef {import("./words.js").Visit} Visit */

const MINUTE = 60_000;
/** Steps between the times below a timeline, in minutes. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440];
/** Times below a timeline stand at least so far apart: as a share of the width of a phone, and in px where it is wider. */
const APART = [0.2, 90];
/** A part this wide has room for its length: as a share of the width of a phone, and in px where it is wider. */
const ROOMY = [0.13, 60];
/** So wide a minute is drawn at least, where there are too many of them for a window, in px. */
const MINUTE_PX = 3;

/** What each kind of segment means, as the legend says it. @type {Record<string, string>} */
const MEANINGS = {
    active: "counted: signs of the learner, or of the page",
    tail: "counted: the beginning of a silence",
    media: "counted: video or audio played",
    idle: "not counted: no sign of the learner",
    hidden: "not counted: page hidden",
    away: "not counted: asleep, or not running",
};

/**
 * Where moments lie. What did not count is cut short where it is longer than half of all that did.
 *
 * @param {Visit} visit
 */
function scaleOf(visit) {
    const most = Math.max(5 * MINUTE, visit.measured_ms / 2);
    let width = 0;
    const pieces = visit.segments.map((segment) => {
        const long = segment.end_ms - segment.start_ms;
        const isCut = !segment.counts && long > most;
        const piece = { segment, from: width, wide: isCut ? most : long, isCut };
        width += piece.wide;
        return piece;
    });
    const all = Math.max(1, width);
    /** The place of a moment, from 0 to 1. @param {number} ms */
    const place = (ms) => {
        const piece = pieces.find((it) => ms < it.segment.end_ms);
        if (!piece) return 1;
        const { start_ms, end_ms } = piece.segment;
        return (piece.from + (piece.wide * Math.max(0, ms - start_ms)) / (end_ms - start_ms)) / all;
    };
    const isInCut = (/** @type {number} */ ms) => pieces.some((it) => it.isCut && it.segment.start_ms < ms && ms < it.segment.end_ms);
    const minutes = width / MINUTE;
    /** What that is of the whole. @param {number[]} least */
    const share = ([ofPhone, px]) => Math.min(ofPhone, px / (minutes * MINUTE_PX));
    return { place, pieces, isInCut, minutes, share };
}

/** @typedef {ReturnType<typeof scaleOf>} Scale */

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(3)}%`;

/**
 * A bar from one moment to another.
 *
 * @param {Scale} scale
 * @param {Interval} interval
 * @param {string} kind
 * @param {string} [text]
 * @param {string} [title] What the pointer is told.
 */
function bar(scale, [start, end], kind, text = "", title = text) {
    const [from, to] = [scale.place(start), scale.place(end)];
    const drawn = make("div", to - from >= scale.share(ROOMY) ? text : "", `piece ${kind}`);
    // What happens at the very end is still seen.
    drawn.style.insetInlineStart = `min(${percent(from)}, 100% - 4px)`;
    drawn.style.width = percent(to - from);
    drawn.title = title;
    return drawn;
}

/** @param {string} name @param {HTMLElement[]} drawn @param {string} [kind] */
function lane(name, drawn, kind = "") {
    const made = make("div", "", `track-row ${kind}`);
    const track = make("div", "", "track");
    track.append(...drawn);
    made.append(make("span", name, "quiet track-name"), track);
    return made;
}

/** What a segment is, for the pointer. @param {Segment} segment @param {Visit} visit */
const told = (segment, visit) =>
    `${at(segment.start_ms, visit)} – ${at(segment.end_ms, visit)}, ${spent(segment.end_ms - segment.start_ms)}: ${MEANINGS[segment.kind]}`;

/** @param {Scale} scale @param {Visit} visit */
function signs(scale, visit) {
    // Those that would lie on each other are drawn once.
    /** @type {HTMLElement[]} */
    const drawn = [];
    let last = -1;
    for (const sign of visit.signs) {
        const place = scale.place(sign[1]);
        if (place - last < 0.004) continue;
        drawn.push(bar(scale, sign, "sign"));
        last = place;
    }
    return drawn;
}

/** @param {Scale} scale @param {Visit} visit */
function page(scale, visit) {
    const away = visit.segments.filter((it) => it.kind === "away").map((it) => bar(scale, [it.start_ms, it.end_ms], "away", "asleep"));
    const last = visit.segments.at(-1)?.end_ms ?? visit.opened_ms;
    const ends = [visit.opened_ms, ...visit.visible.flat(), last];
    const hidden = [];
    for (let n = 0; n < ends.length; n += 2) {
        if (ends[n] >= ends[n + 1]) continue;
        // What lies between two windows of visibility is hidden, as far as the page ran.
        const from = visit.segments.filter((it) => it.kind !== "away" && it.start_ms < ends[n + 1] && ends[n] < it.end_ms);
        const [first, final] = [from[0], from.at(-1)];
        if (!first || !final) continue;
        hidden.push(bar(scale, [Math.max(first.start_ms, ends[n]), Math.min(final.end_ms, ends[n + 1])], "hidden", "hidden"));
    }
    return [...hidden, ...visit.visible.map((it) => bar(scale, it, "visible", "visible")), ...away];
}

/** @param {Scale} scale @param {Visit} visit */
function counted(scale, visit) {
    return scale.pieces.map(({ segment, isCut }) => {
        const long = roughly(segment.end_ms - segment.start_ms);
        const drawn = bar(scale, [segment.start_ms, segment.end_ms], segment.kind, long, told(segment, visit));
        drawn.classList.toggle("cut", isCut);
        drawn.classList.toggle("uncorroborated", segment.is_uncorroborated === true);
        drawn.dataset.start = String(segment.start_ms);
        return drawn;
    });
}

/** What content said, where it said it. @param {Scale} scale @param {Visit} visit */
function reports(scale, visit) {
    return visit.sessions.filter((it) => it.reported_at_ms !== undefined).map((it) => {
        const text = `said ${spent(it.reported_ms ?? 0)}`;
        const mark = make("div", text, "mark");
        const place = scale.place(it.reported_at_ms ?? 0);
        mark.classList.toggle("over", it.flags?.includes("report_exceeds_presence"));
        // It is written to the side on which there is room.
        mark.classList.toggle("before", place > 0.5);
        if (place > 0.5) mark.style.insetInlineEnd = percent(1 - place);
        else mark.style.insetInlineStart = percent(place);
        mark.title = `${it.activity} ${text}`;
        return mark;
    });
}

/** Times of day below it. @param {Scale} scale @param {Visit} visit */
function times(scale, visit) {
    const last = visit.segments.at(-1)?.end_ms ?? visit.opened_ms;
    const clock = (/** @type {number} */ ms) => new Date(ms).toLocaleTimeString(undefined, { timeStyle: "short" });
    const apart = scale.share(APART);
    const step = MINUTE * (STEPS.find((it) => it >= scale.minutes * apart) ?? 1440);
    /** @type {HTMLElement[]} */
    const drawn = [];
    let before = -1;
    const put = (/** @type {number} */ ms, /** @type {string} */ kind) => {
        const label = make("span", clock(ms), kind);
        if (kind !== "last") label.style.insetInlineStart = percent(scale.place(ms));
        drawn.push(label);
    };
    put(visit.opened_ms, "first");
    before = 0;
    for (let ms = Math.ceil(visit.opened_ms / step) * step; ms < last; ms += step) {
        const place = scale.place(ms);
        // The last one ends where the others begin, so that the one before it has two of them to itself.
        if (scale.isInCut(ms) || place - before < apart * 0.9 || 1 - place < 2 * apart * 0.9) continue;
        put(ms, "");
        before = place;
    }
    put(last, "last");
    return drawn;
}

/** @param {Visit} visit @param {Scale} scale */
function legend(visit, scale) {
    const list = make("ul", "", "legend");
    const entry = (/** @type {string} */ kind, /** @type {string} */ text) => {
        const item = make("li", text);
        item.prepend(make("span", "", `piece ${kind}`));
        list.append(item);
    };
    for (const [kind, text] of Object.entries(MEANINGS)) {
        if (visit.segments.some((it) => it.kind === kind)) entry(kind, text);
    }
    if (visit.segments.some((it) => it.is_uncorroborated)) entry("active uncorroborated", "placed by the learner’s own computer alone");
    if (visit.signs.length > 0) entry("sign", "a sign of the learner: mouse, finger or key");
    if (scale.pieces.some((it) => it.isCut)) entry("idle cut", "drawn shorter than it was");
    return list;
}

/**
 * @param {Visit} visit With at least one segment.
 */
export function draw(visit) {
    const scale = scaleOf(visit);
    const chart = make("div", "", "chart");
    chart.role = "img";
    chart.ariaLabel = `The visit as a timeline. ${summary(visit)} The list below says it in words.`;
    chart.style.minWidth = `${Math.min(scale.minutes * MINUTE_PX, 6000)}px`;
    chart.append(lane("signs", signs(scale, visit)), lane("page", page(scale, visit)));
    for (const it of (visit.media ?? []).filter((it) => it.kind !== "unmeasured")) {
        const name = nameOf(it.key);
        chart.append(lane(it.kind === "audio" ? "audio" : "video", it.played.map((played) => bar(scale, played, "media", name))));
    }
    const loaded = visit.sessions.flatMap((session, n) =>
        (session.span ?? []).map((it) => bar(scale, it, `content ${n % 2 ? "odd" : ""}`, session.activity)));
    if (loaded.length > 0) chart.append(lane("content", loaded));
    chart.append(lane("counted", counted(scale, visit), "counted"));
    const said = reports(scale, visit);
    if (said.length > 0) chart.append(lane("reported", said, "reports"));
    chart.append(lane("", times(scale, visit), "times"));
    const scroller = make("div", "", "scroller");
    // What is wider than the window can be moved by keyboard.
    scroller.tabIndex = 0;
    scroller.role = "group";
    scroller.ariaLabel = "Timeline";
    scroller.append(chart);
    const drawn = make("div", "", "timeline");
    drawn.append(scroller, legend(visit, scale));
    return drawn;
}
