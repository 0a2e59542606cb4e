// @ts-check
// What the report is narrowed to and sorted by: in the address, so that it can be kept and sent, and in words.

import { PERIODS, dayIn, daysOf, written } from "./periods.js";
import { FLAGS, KINDS, MISSING, STATUSES } from "./terms.js";

/** @typedef {Record<string, string>} Narrowing By the names in the address; none is empty. */

/** What narrows, in the order in which it is said. */
const NAMES = ["q", "learner", "group", "course", "topic", "kind", "status", "missing", "flag", "period", "from", "to"];
const ORDER = ["sort", "order"];

/** @param {string} search Of an address. @returns {Narrowing} */
export function read(search) {
    const given = new URLSearchParams(search);
    /** @type {Narrowing} */
    const found = {};
    for (const name of [...NAMES, ...ORDER]) {
        const value = given.get(name)?.trim();
        if (value) found[name] = value;
    }
    return found;
}

/** @param {Narrowing} narrowing Where a value is empty, it is left out. @returns {string} As it stands in an address. */
export function write(narrowing) {
    const kept = Object.entries(narrowing).filter(([, value]) => value);
    return kept.length > 0 ? `?${new URLSearchParams(kept)}` : location.pathname;
}

/**
 * What the server is asked: days in place of a period's name.
 *
 * @param {Narrowing} narrowing
 * @param {string | undefined} zone Where a day begins.
 */
export function asked({ period, ...others }, zone) {
    const days = period ? daysOf(period, dayIn(Date.now(), zone)) : undefined;
    return new URLSearchParams({ ...others, ...days });
}

/** Whether it has anything that narrows. @param {Narrowing} narrowing */
export function isNarrow(narrowing) {
    return NAMES.some((name) => narrowing[name]);
}

/** Whether times are those of a period. @param {Narrowing} narrowing */
export function hasPeriod({ period, from, to }) {
    return Boolean(period || from || to);
}

/**
 * Each thing that it is narrowed to, in words, with the names that have to go for it to go.
 *
 * @param {Narrowing} narrowing
 * @param {(name: string, id: string) => string} titled What a learner or a topic is called.
 * @returns {{ names: string[], text: string }[]}
 */
export function words(narrowing, titled) {
    /** @type {Record<string, (value: string) => string>} */
    const say = {
        q: (it) => `learner: “${it}”`,
        learner: (it) => `learner: ${titled("learner", it)}`,
        group: (it) => `group: ${it}`,
        course: (it) => `course: ${it}`,
        topic: (it) => `topic: ${titled("topic", it)}`,
        kind: (it) => `kind: ${KINDS[it] ?? it}`,
        status: (it) => `status: ${STATUSES[it] ?? it}`,
        missing: (it) => (it === "any" ? "something is missing" : `missing: ${MISSING[it]?.short ?? it}`),
        flag: (it) => `flag: ${FLAGS[it] ?? it}`,
    };
    const told = NAMES.filter((name) => narrowing[name] && say[name])
        .map((name) => ({ names: [name], text: say[name]?.(narrowing[name] ?? "") ?? "" }));
    const { period, from, to } = narrowing;
    if (period) told.push({ names: ["period"], text: `period: ${PERIODS[period]?.toLowerCase() ?? period}` });
    else if (from || to) told.push({ names: ["from", "to"], text: `period: ${[from ? `from ${written(from)}` : "", to ? `to ${written(to)}` : ""].filter(Boolean).join(" ")}` });
    return told;
}
