// @ts-check
// What the viewer says, in one place.

export const WORDS = {
    damaged: "This file cannot be shown: it is not a PDF, or it is damaged.",
    lost: "The PDF was not found. Tell the person who sent you here.",
    offline: "The PDF could not be loaded. Check your connection, then load this page again.",
    failed: "This PDF cannot be shown here.",
    locked: "This PDF is protected. Enter its password.",
    wrongPassword: "This password does not open the PDF. Enter another one.",
    none: "Not found",
    searching: "Searching …",
    notSaved: "The PDF could not be downloaded. Check your connection, then try again.",
    notPrinted: "The PDF could not be prepared for printing.",
    preparing: (/** @type {number} */ n, /** @type {number} */ of) => `Preparing page ${n} of ${of} for printing …`,
    pages: (/** @type {number} */ n) => `of ${n}`,
    page: (/** @type {number} */ n, /** @type {number} */ of) => `Page ${n} of ${of}`,
    found: (/** @type {number} */ n, /** @type {number} */ of) => `${n} of ${of}`,
    percent: (/** @type {number} */ scale) => `${Math.round(scale * 100)} %`,
};
