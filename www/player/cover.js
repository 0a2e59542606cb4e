// @ts-check
// What lies over the content while there is none to see: loading, empty, failed, continued elsewhere, closed.

import { make, part, say } from "../shared/page.js";

/** @typedef {{ text: string, to: string | (() => void), kind?: string }} Way Where to go from here. */

const frame = /** @type {HTMLIFrameElement} */ (part("content"));

/**
 * Covers the content. The frame keeps its place and size; only nobody sees or reaches it.
 *
 * @param {string} title
 * @param {string} [text]
 * @param {Way[]} [ways]
 */
export function cover(title, text = "", ways = []) {
    const isWaiting = title.endsWith("…");
    part("cover").hidden = false;
    part("cover").classList.toggle("loading", isWaiting);
    frame.inert = true;
    say(part("cover-title"), title);
    say(part("cover-text"), text);
    part("cover-ways").replaceChildren(...ways.map(draw));
    // Whoever cannot see the page is told, and goes on from here.
    part("cover-title").focus();
}

/** Shows the content. */
export function uncover() {
    part("cover").hidden = true;
    frame.inert = false;
}

/** @param {Way} way */
function draw({ text, to, kind = "" }) {
    if (typeof to === "string") {
        const link = make("a", text, `button ${kind}`);
        link.href = to;
        return link;
    }
    const button = make("button", text, kind);
    button.addEventListener("click", to);
    return button;
}
