// @ts-check
// Periods of days, as people name them.

/** @typedef {{ from: string, to: string }} Days First and last day, both included, as `2026-03-29`. */

/** @type {Record<string, string>} */
export const PERIODS = { this_month: "This month", last_month: "Last month", this_year: "This year" };

/**
 * Which day it is somewhere.
 *
 * @param {number} ms Since 1970.
 * @param {string} [zone] IANA's name of it; the reader's own, if left out or unknown here.
 */
export function dayIn(ms, zone) {
    const written = (/** @type {string | undefined} */ timeZone) => {
        const parts = new Intl.DateTimeFormat("en", { timeZone, calendar: "gregory", numberingSystem: "latn", year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(ms);
        const of = (/** @type {string} */ type) => parts.find((it) => it.type === type)?.value ?? "";
        return `${of("year").padStart(4, "0")}-${of("month")}-${of("day")}`;
    };
    try {
        return written(zone);
    } catch {
        return written(undefined);
    }
}

/**
 * The days of a period.
 *
 * @param {string} period
 * @param {string} today
 * @returns {Days | undefined} None for a period that has no such name.
 */
export function daysOf(period, today) {
    const [year, month] = today.split("-").map(Number);
    const day = (/** @type {number} */ m, /** @type {number} */ d) => new Date(Date.UTC(year, m, d)).toISOString().slice(0, 10);
    switch (period) {
        case "this_month":
            return { from: day(month - 1, 1), to: day(month, 0) };
        case "last_month":
            return { from: day(month - 2, 1), to: day(month - 1, 0) };
        case "this_year":
            return { from: day(0, 1), to: day(12, 0) };
        default:
            return undefined;
    }
}

/** A day as people write it. @param {string} day */
export function written(day) {
    const ms = Date.parse(`${day}T00:00:00Z`);
    return Number.isNaN(ms) ? day : new Date(ms).toLocaleDateString(undefined, { timeZone: "UTC", dateStyle: "medium" });
}
