// @ts-check
// Finding and filling the parts of a page, and the one thing that pages keep.

/** Where the player keeps the token that opens the next visit. */
const TOKEN = "seattime.launch";

/** @returns {string | undefined} None, too, where the browser keeps nothing for this page. */
export function keptToken() {
    try {
        return sessionStorage.getItem(TOKEN) ?? undefined;
    } catch {
        return undefined;
    }
}

/** @param {string | undefined} token */
export function keepToken(token) {
    try {
        if (token === undefined) sessionStorage.removeItem(TOKEN);
        else sessionStorage.setItem(TOKEN, token);
    } catch {
        // A frame without storage: a reload has to be launched anew.
    }
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function part(id) {
    const found = document.getElementById(id);
    if (!found) throw new Error(`the page has no part ${id}`);
    return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [text]
 * @param {string} [kind] Its class.
 */
export function make(tag, text = "", kind = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
}

/**
 * Writes a text, if it is another than is there: what is read aloud is not read twice.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
}
