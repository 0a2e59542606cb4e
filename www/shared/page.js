// @ts-check
// Finding and filling the parts of a page.

/** Where the player keeps the token that opens the next visit, and by which the report knows its reader. */
export const TOKEN = "seattime.launch";

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
 * Writes a text, if it is another than is there: what is read aloud is not read twice.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
}
