// @ts-check
// Where the server leaves PDFs to the browser's own viewer: whether one is shown, since what the learner does in it is
// not seen.

const PDF = "application/pdf";
const WITH_PDF = `embed[type="${PDF}"], object[type="${PDF}"], embed[src*=".pdf" i], object[data*=".pdf" i]`;

/**
 * Returns true if a frame, or one inside it, shows a PDF in the browser's own viewer.
 *
 * @param {HTMLIFrameElement} frame
 * @returns {boolean}
 */
export function showsPdf(frame) {
    // Firefox's viewer is a page of another origin, and only the address says that it is one.
    if (/\.pdf([?#]|$)/i.test(frame.src)) return true;
    try {
        const { contentDocument: document } = frame;
        if (!document) return false;
        if (document.contentType === PDF || document.querySelector(WITH_PDF)) return true;
        return [...document.querySelectorAll("iframe")].some(showsPdf);
    } catch {
        return false; // Another origin.
    }
}
