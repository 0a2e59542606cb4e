// @ts-check
// Why a minute counted or not, in sentences.

import { clock, spent } from "../shared/time.js";

/** @typedef {[number, number]} Interval Start and end, in ms since 1970. */

/**
 * @typedef {object} Segment A part of a visit in which everything stayed the same.
 * @property {number} start_ms
 * @property {number} end_ms
 * @property {"active" | "tail" | "media" | "idle" | "hidden" | "away"} kind
 * @property {boolean} counts
 * @property {boolean} [is_uncorroborated] Whether only the learner's own machine says when it was.
 */

/**
 * @typedef {import("./details.js").Detail & { n: number, span?: Interval[], reported_at_ms?: number }} Session
 */

/**
 * @typedef {object} Visit
 * @property {number} attempt 0 where it counts for none.
 * @property {number} opened_ms
 * @property {number} contact_ms
 * @property {boolean} is_open
 * @property {{ idle_limit_ms: number, tail_ms: number }} policy
 * @property {number} measured_ms
 * @property {Segment[]} segments
 * @property {Interval[]} visible
 * @property {Interval[]} signs
 * @property {{ key: string, kind: string, played: Interval[] }[]} [media]
 * @property {Session[]} sessions
 */

/**
 * @typedef {object} Moment A line of a visit's story.
 * @property {number} atMs
 * @property {string} text
 * @property {Segment} [segment] None for what happened in one moment.
 */

/** What is not counted, in few words. @type {Record<string, string>} */
const UNCOUNTED = { hidden: "hidden", idle: "no sign of the learner", away: "asleep or not running" };

/** @param {Interval} one @param {Interval} other */
const meet = (one, other) => one[0] < other[1] && other[0] < one[1];

/** A length, as short as it can be said: `30 s`, `5 min`, `1 h 30 min`. @param {number} ms */
export function length(ms) {
    const seconds = Math.round(ms / 1000);
    const parts = /** @type {[number, string][]} */ ([
        [Math.floor(seconds / 3600), "h"],
        [Math.floor(seconds / 60) % 60, "min"],
        [seconds % 60, "s"],
    ]).filter(([number]) => number > 0);
    return parts.map(([number, unit]) => `${number} ${unit}`).join(" ") || "0 s";
}

/** A length in its largest unit: `5 min`, `8 h`. @param {number} ms */
export function roughly(ms) {
    const seconds = Math.round(ms / 1000);
    if (seconds < 60) return `${seconds} s`;
    return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

/** A moment of a visit; with its day, if that is not the day on which the visit was opened. @param {number} ms @param {Visit} visit */
export function at(ms, visit) {
    const isThatDay = new Date(ms).toDateString() === new Date(visit.opened_ms).toDateString();
    return isThatDay ? clock(ms) : `${new Date(ms).toLocaleDateString(undefined, { month: "short", day: "numeric" })}, ${clock(ms)}`;
}

/** What of a media item's key is its name. @param {string} key */
export function nameOf(key) {
    return key.replace(/#[^#]*$/, "").split("/").at(-1) || "media";
}

/** The host of a player whose playing could not be told. @param {string} key */
export function hostOf(key) {
    return URL.canParse(key) ? new URL(key).host : key;
}

/** What of a visit could not be measured. @param {Visit} visit */
function unmeasured(visit) {
    const hosts = new Set((visit.media ?? []).filter((it) => it.kind === "unmeasured").map((it) => hostOf(it.key)));
    if (hosts.size === 0) return "";
    return ` A part could not be measured: a player of ${[...hosts].join(" and ")} was shown, which does not say when it plays. While nobody touched anything, what it played is not counted.`;
}

/** @param {Session} session */
const titled = (session) => `“${session.activity ?? "the content"}”`;

/**
 * Why a part of a visit counted or not.
 *
 * @param {Visit} visit
 * @param {number} n Which part.
 */
function why(visit, n) {
    const segment = visit.segments[n];
    const [before, after] = [visit.segments[n - 1], visit.segments[n + 1]];
    const { idle_limit_ms, tail_ms } = visit.policy;
    const own = /** @type {Interval} */ ([segment.start_ms, segment.end_ms]);
    switch (segment.kind) {
        case "active": {
            const isTouched = visit.signs.some(([first, last]) => first <= segment.end_ms && segment.start_ms <= last);
            const apart = `never more than ${length(idle_limit_ms)} apart`;
            return isTouched
                ? `Signs of the learner, ${apart}.`
                : `Nobody touched anything, but the page was opened, shown, hidden or left at moments ${apart}.`;
        }
        case "tail":
            return after?.kind === "idle"
                ? `No further sign of the learner within ${length(idle_limit_ms)} after ${at(segment.start_ms, visit)}: of such a silence, the first ${length(tail_ms)} count.`
                : `After the last sign at ${at(segment.start_ms, visit)}, up to ${length(tail_ms)} count.`;
        case "idle": {
            // What ends it is a sign, unless the page was hidden or stood still.
            const until = after?.counts ? ` until ${at(segment.end_ms, visit)}` : "";
            return before?.kind === "tail"
                ? `Still no sign of the learner${until}: nobody can know that they were there.`
                : `The page was visible, but there was no sign of the learner${until}.`;
        }
        case "hidden":
            return "The page was hidden behind another tab or window.";
        case "media": {
            const playing = (visit.media ?? []).filter((it) => it.played.some((it) => meet(it, own)));
            const names = playing.map((it) => nameOf(it.key)).join(" and ") || "Video or audio";
            const isSeen = visit.visible.some((it) => meet(it, own));
            return isSeen ? `${names} played, and counts also if nobody touched anything.` : `${names} played in the hidden page: sound that can be heard counts.`;
        }
        default:
            return n === 0
                ? "The page was loading."
                : "The page did not run: the computer slept, its clock was set, or something held the page up.";
    }
}

/** What a session's content said of its time, against what was seen. @param {Session} session */
function said(session) {
    const { reported_ms, measured_ms = 0, credited_ms = 0 } = session;
    const isOver = session.flags?.includes("report_exceeds_presence");
    const than = isOver ? `, but the learner was seen in it for ${spent(measured_ms)}` : "";
    const credited = session.attempt === 0 ? "nothing is credited in review or preview" : `${spent(credited_ms)} are credited`;
    return `${titled(session)} reported a time of ${spent(reported_ms ?? 0)}${than}; ${credited}.`;
}

/** How a session ended, in few words. @type {Record<string, string>} */
const ENDS = {
    left: "was open when the window was closed",
    terminated: "ended itself",
    implicit: "was taken away before it ended itself",
    abandoned: "was not heard of any more",
};

/** @param {Session} session @returns {Moment[]} */
function happened(session) {
    /** @type {Moment[]} */
    const moments = [];
    const [first, last] = [session.span?.[0], session.span?.at(-1)];
    if (first) moments.push({ atMs: first[0], text: `${titled(session)} was opened.` });
    if (session.reported_at_ms !== undefined) moments.push({ atMs: session.reported_at_ms, text: said(session) });
    const end = ENDS[session.state ?? ""];
    if (last && end) moments.push({ atMs: last[1], text: `${titled(session)} ${end}.` });
    return moments;
}

/**
 * Everything about a visit, in the order in which it happened.
 *
 * @param {Visit} visit
 * @returns {Moment[]}
 */
export function story(visit) {
    const alone = " When this was is known from the learner’s own computer alone: nothing reached the server meanwhile.";
    const parts = visit.segments.map((segment, n) => ({
        atMs: segment.start_ms,
        text: why(visit, n) + (segment.is_uncorroborated ? alone : ""),
        segment,
    }));
    const moments = [...visit.sessions.flatMap(happened), ...parts];
    // A flicker of less than half a second explains nothing.
    const isLong = (/** @type {Moment} */ it) => !it.segment || it.segment.counts || it.segment.end_ms - it.segment.start_ms >= 500;
    return moments.filter(isLong).sort((one, other) => one.atMs - other.atMs);
}

/** How much of a visit counted, and what became of the rest. @param {Visit} visit */
export function summary(visit) {
    const last = visit.segments.at(-1);
    if (!last) return "Nothing was heard of this visit after it was opened.";
    const all = last.end_ms - visit.opened_ms;
    const lost = Object.entries(UNCOUNTED).map(([kind, text]) => {
        const ms = visit.segments.filter((it) => it.kind === kind).reduce((sum, it) => sum + it.end_ms - it.start_ms, 0);
        return ms >= 1000 ? `${text} for ${spent(ms)}` : "";
    }).filter(Boolean);
    const credited = visit.sessions.reduce((sum, it) => sum + (it.credited_ms ?? 0), 0);
    const isOther = Math.abs(credited - visit.measured_ms) >= 1000;
    const shown = visit.attempt === 0 ? " It was only looked at, in review or preview: shown, not credited."
        : isOther ? ` Credited are ${spent(credited)}, as the package reported.` : "";
    return `${spent(visit.measured_ms)} of ${spent(all)} counted${lost.length ? `; the rest did not: ${lost.join(", ")}` : ""}.${shown}${unmeasured(visit)}`;
}

/**
 * How long a visit counted while another one of the row did, in ms.
 *
 * @param {Visit} visit
 * @param {Visit[]} others
 */
export function sharedMs(visit, others) {
    const counted = (/** @type {Visit} */ it) => it.segments.filter((it) => it.counts);
    if (visit.attempt === 0) return 0;
    const theirs = others.filter((it) => it !== visit && it.attempt > 0).flatMap(counted).sort((one, other) => one.start_ms - other.start_ms);
    let shared = 0;
    for (const own of counted(visit)) {
        let from = own.start_ms;
        for (const it of theirs) {
            const [start, end] = [Math.max(from, it.start_ms), Math.min(own.end_ms, it.end_ms)];
            if (start >= end) continue;
            shared += end - start;
            from = end;
        }
    }
    return shared;
}
