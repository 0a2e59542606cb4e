// @ts-check
// What the page calls things.

/** What a package does as a rule, in a few words. @type {Record<string, string>} */
export const HABIT_WORDS = {
    unknown: "not known yet",
    never: "never",
    zero: "zero",
    malformed: "not readable",
    at_exit: "as it ends",
    at_commits: "while it runs",
    cumulative: "all sessions so far",
    larger_than_wall: "more than passed",
    over_presence: "all that passed",
    mixed: "now this, now that",
};

/** What sessions did, in the order in which it is shown. */
export const KINDS = ["at_exit", "at_commits", "never", "cut_off", "zero", "malformed", "cumulative", "larger_than_wall"];

/** @type {Record<string, string>} */
export const KIND_WORDS = {
    at_exit: "reported a time as they ended",
    at_commits: "reported a time while they ran",
    never: "reported no time",
    cut_off: "were cut off before they reported",
    zero: "reported a time of zero",
    malformed: "reported what cannot be read",
    cumulative: "reported all sessions so far",
    larger_than_wall: "reported more than passed",
};

/** How much a finding of the import matters. @type {Record<string, string>} */
export const SEVERITY_WORDS = { info: "note", warning: "warning", error: "error" };

/** @type {Record<string, string>} */
export const API_WORDS = { 1.2: "SCORM 1.2", 2004: "SCORM 2004" };

/** @param {number} ms */
export function seconds(ms) {
    return `${ms / 1000} s`;
}
