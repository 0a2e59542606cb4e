// @ts-check
// Rows of a table, which a phone draws as cards.

import { make } from "../shared/page.js";

/** @param {string} kind Its class. */
export function makeRow(kind) {
    const made = make("tr", "", kind);
    made.role = "row";
    return made;
}

/**
 * Adds a cell to a row; answers what it holds: one child, so that a card puts everything of a cell on one side.
 *
 * @param {HTMLElement} line
 * @param {string} name Of its column.
 * @param {string} [text]
 * @param {string} [kind] Its class.
 */
export function cell(line, name, text = "", kind = "") {
    const made = make("td", "", kind);
    made.role = "cell";
    made.dataset.name = name;
    const held = make("div", text);
    made.append(held);
    line.append(made);
    return held;
}
