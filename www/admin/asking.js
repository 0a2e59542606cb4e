// @ts-check
// Asking the server as whoever is logged in, and saying what went wrong.

import { make, part, say } from "../shared/page.js";

/**
 * @typedef {object} Told
 * @property {number} status 0 where the server cannot be reached.
 * @property {any} answer
 * @property {string} version Of what was told, for a change of it.
 */

/**
 * @param {string} method
 * @param {string} address
 * @param {object} [body]
 * @param {string} [version]
 * @returns {Promise<Told>}
 */
export async function send(method, address, body, version) {
    /** @type {Record<string, string>} */
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    if (version !== undefined) headers["if-match"] = version;
    const asked = { method, headers, body: body && JSON.stringify(body), cache: /** @type {const} */ ("no-store") };
    const response = await fetch(address, asked).catch(() => undefined);
    const answer = await response?.json().catch(() => undefined);
    return { status: response?.status ?? 0, answer, version: response?.headers.get("etag") ?? "" };
}

/** @param {string} text Nothing, where all is well. */
export function trouble(text) {
    part("trouble").hidden = text === "";
    say(part("trouble"), text);
}

/**
 * Says what went wrong, if anything did.
 *
 * @param {Told} told
 * @returns {boolean} Whether all is well.
 */
export function isFine({ status, answer }) {
    if (status === 401) location.replace(`/login/?next=${encodeURIComponent(location.pathname)}`);
    const unreachable = "The server cannot be reached. Please check your connection, then try again.";
    const isGood = status >= 200 && status < 300;
    trouble(isGood ? "" : status === 0 ? unreachable : `This was not done: ${answer?.detail ?? `the server answered ${status}`}.`);
    return isGood;
}

/**
 * A button that asks once more before it does something that cannot be taken back.
 *
 * @param {string} text
 * @param {string} label What it does to what, for whoever does not see the row.
 * @param {string} sure What it says then.
 * @param {() => Promise<void>} act
 */
export function sureButton(text, label, sure, act) {
    const button = make("button", text, "plain");
    button.setAttribute("aria-label", label);
    let isSure = false;
    const calm = () => {
        isSure = false;
        button.className = "plain";
        say(button, text);
        button.setAttribute("aria-label", label);
    };
    button.addEventListener("click", () => {
        if (isSure) {
            button.disabled = true;
            void act().finally(() => (button.disabled = false, calm()));
            return;
        }
        isSure = true;
        button.className = "danger";
        say(button, sure);
        button.setAttribute("aria-label", `${sure}: ${label}`);
    });
    button.addEventListener("blur", calm);
    return button;
}
