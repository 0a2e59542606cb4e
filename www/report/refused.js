// @ts-check
// Scores and statuses that a course could not set, in sentences.

/**
 * @typedef {object} Refused
 * @property {string} element
 * @property {string} text The beginning of the value.
 * @property {number} code The standard's error code.
 */

const STATUS_12 = "passed, completed, failed, incomplete or browsed";

/** What a value is called, and what was expected, by the end of its element's name. @type {[RegExp, string, string][]} */
const EXPECTED = [
    [/^cmi\.core\.score\.raw$/, "a score", "0 to 100"],
    [/^cmi\.core\.score\.min$/, "a lowest score", "0 to 100"],
    [/^cmi\.core\.score\.max$/, "a highest score", "0 to 100"],
    [/\.score\.scaled$/, "a scaled score", "-1 to 1"],
    [/\.score\.raw$/, "a score", "a number"],
    [/\.score\.min$/, "a lowest score", "a number"],
    [/\.score\.max$/, "a highest score", "a number"],
    [/lesson_status$/, "a status", STATUS_12],
    [/completion_status$/, "a completion", "completed, incomplete, not attempted or unknown"],
    [/success_status$/, "a success", "passed, failed or unknown"],
    [/progress_measure$/, "a progress", "0 to 1"],
];

/**
 * What a course tried to report, and what was expected.
 *
 * @param {Refused[] | undefined} refused
 * @returns {string[]}
 */
export function refusals(refused) {
    return (refused ?? []).map(({ element, text }) => {
        const [, name, expected] = EXPECTED.find(([end]) => end.test(element)) ?? [/$/, element, "another value"];
        // A plain number or word stands for itself; anything else is quoted, so that blanks can be seen.
        const value = /^[-+.\w]+$/.test(text) ? text : `“${text}”`;
        return `The course tried to report ${name} of ${value}; expected ${expected}. It was not kept.`;
    });
}
