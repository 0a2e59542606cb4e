// @ts-check
// What browsers keep content from: requests that its policy forbids, and dialogs in a frame of another website.

/**
 * @typedef {object} Blocked Something that the browser refused to content: a request, or a dialog.
 * @property {string} [url] What was requested; browsers shorten it to its origin where they must.
 * @property {string} [directive] The directive of the policy that forbids it, such as `script-src-elem`.
 * @property {"alert" | "confirm" | "prompt"} [dialog]
 * @property {string} [text] The text of the dialog.
 */

/**
 * @param {(blocked: Blocked) => void} tell
 * @returns {(window: Window) => void} Listens in a window; again, it changes nothing.
 */
export function blockedIn(tell) {
    /** @param {SecurityPolicyViolationEvent} event */
    const violated = ({ blockedURI: url, effectiveDirective: directive }) => tell({ url, directive });
    // At the window, which outlives the empty document that a frame begins with.
    return (window) => window.addEventListener("securitypolicyviolation", violated);
}
