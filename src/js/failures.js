// @ts-check
// Scripts of content that did not run to their end: files that could not be loaded, and errors that nobody caught. A page
// of which that is known may be blank, and is not taken as read because it never looked for the API.

/**
 * @param {() => void} onFailure
 * @returns {(window: Window) => void} Listens in a window; again, it changes nothing.
 */
export function failuresIn(onFailure) {
    /** @param {any} event */
    const failed = ({ target, error }) => {
        if (error || target.localName === "script") onFailure();
    };
    // At the window, which outlives the empty document that a frame begins with; the error of a file does not bubble.
    return (window) => window.addEventListener("error", failed, true);
}
