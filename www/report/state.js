// @ts-check
// Asking the server, and what pages of trainers say in place of what is not there.

import { part, say } from "../shared/page.js";

/**
 * @param {string} address
 * @param {string} [token] A token or key; without one, the browser's cookie says who asks.
 */
export async function ask(address, token) {
    const response = await fetch(address, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        cache: "no-store",
        credentials: token === undefined ? "same-origin" : "omit",
    }).catch(() => undefined);
    return { response, answer: await response?.json().catch(() => undefined) };
}

/** @param {string} title @param {string} [text] */
export function tell(title, text = "") {
    part("state").hidden = false;
    part("state").classList.toggle("loading", title.endsWith("…"));
    say(part("state-title"), title);
    say(part("state-text"), text);
}
