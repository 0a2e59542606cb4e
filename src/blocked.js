// @ts-check
// What browsers keep content from: requests that its policy forbids, and dialogs in a frame of another website.

/** @type {("alert" | "confirm" | "prompt")[]} */
const DIALOGS = ["alert", "confirm", "prompt"];
// Nobody closes a dialog in less time.
const DIALOG_MS = 20;

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
    const seen = new WeakSet();
    const dialogs = window === window.top ? [] : DIALOGS;
    /** @param {SecurityPolicyViolationEvent} event */
    const violated = ({ blockedURI: url, effectiveDirective: directive }) => tell({ url, directive });
    return (/** @type {any} */ window) => {
        // At the window, which outlives the empty document that a frame begins with.
        window.addEventListener("securitypolicyviolation", violated);
        for (const dialog of dialogs) {
            if (seen.has(window[dialog])) continue;
            // Content gets no sign of a refusal by a sandbox without allow-modals, or by a browser in a frame of another
            // website: https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#cannot-show-simple-dialogs
            window[dialog] = new Proxy(window[dialog], {
                apply(show, self, given) {
                    const atMs = performance.now();
                    const answer = Reflect.apply(show, self, given);
                    if (performance.now() - atMs < DIALOG_MS) tell({ dialog, text: String(given[0] ?? "") });
                    return answer;
                },
            });
            seen.add(window[dialog]);
        }
    };
}
