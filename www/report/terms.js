// @ts-check
// What the report calls things: kinds, what is missing, what is remarkable, where a time comes from.

/** @type {Record<string, string>} */
export const KINDS = { "scorm_1.2": "SCORM 1.2", scorm_2004: "SCORM 2004", video: "video", audio: "audio", document: "PDF" };

/** Where a row may stand. @type {Record<string, string>} */
export const STATUSES = {
    "not attempted": "not attempted",
    incomplete: "incomplete",
    completed: "completed",
    passed: "passed",
    failed: "failed",
    unknown: "not known",
};

/**
 * Why something that a row should have is not there: in few words, and in a sentence.
 *
 * @type {Record<string, { short: string, long: string, isTimeKnown: boolean }>} `isTimeKnown`: whether there may be a time.
 */
export const MISSING = {
    never_launched: {
        short: "never launched",
        long: "Never launched: the learner is enrolled here or was sent a link, and has not opened it.",
        isTimeKnown: false,
    },
    api_never_called: {
        short: "launched, API never called",
        long: "The content was shown, and never spoke to the player: it did not call Initialize, and told neither status nor score. What is shown of its time was measured.",
        isTimeKnown: true,
    },
    no_time: {
        short: "no time reported",
        long: "The content spoke to the player, and never reported a time that can be read. What is shown of its time was measured.",
        isTimeKnown: true,
    },
    saving_failed: {
        short: "saving failed",
        long: "It was opened, and nothing ever reached the server afterwards: what the learner did and how long it took is not known. If it waits in their browser, it is sent when they next open a course there.",
        isTimeKnown: false,
    },
    not_kept: {
        short: "no time kept before",
        long: "It was taken before courses ran here, and the learning platform kept no time of it that could be taken over. It has not been opened since.",
        isTimeKnown: false,
    },
};

/** What the word below a time means. @type {Record<string, string>} */
export const PROVENANCES = {
    reported: "as the package reported it",
    measured: "as the learner was seen",
    mixed: "from more than one source",
    media: "as measured, and video or audio played for most of it",
    legacy: "from older records",
    backfilled: "taken over from the learning platform, from before courses ran here",
};

/** What is remarkable, in few words. @type {Record<string, string>} */
export const FLAGS = {
    report_exceeds_presence: "a report was too high",
    completion_assumed: "no status reported",
    failed_while_paused: "failed while paused",
    part_unmeasured: "partly not measured",
    conflicts: "values kept beside",
    score_refused: "a score was refused",
    status_refused: "a status was refused",
};

/** @param {number} n */
export function conflictWords(n) {
    const [values, are] = n === 1 ? ["value", "is"] : ["values", "are"];
    return `${n} ${values} of a window that another one had taken over from ${are} kept beside and not used: the later window had already worked on the same part.`;
}
