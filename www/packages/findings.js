// @ts-check
// What the import of a package found: warnings, and the other hosts that it loads from.

import { make } from "../shared/page.js";
import { SEVERITY_WORDS } from "./words.js";

/**
 * @typedef {object} Warning
 * @property {string} code
 * @property {"info" | "warning" | "error"} severity
 * @property {string} [file]
 * @property {number} [line]
 * @property {number} [column]
 * @property {string} text
 */

/**
 * @typedef {object} Findings Packages that an earlier version imported have none.
 * @property {Warning[]} [warnings]
 * @property {string[]} [hosts]
 */

/** @param {Findings} it */
export function drawFindings({ warnings = [], hosts = [] }) {
    // The list of hosts below says the same, and all of them.
    const shown = warnings.filter((it) => it.code !== "refers_to_hosts");
    const drawn = [];
    if (shown.length > 0) {
        const list = make("ul", "", "findings");
        list.append(...shown.map(drawWarning));
        drawn.push(make("h3", shown.length === 1 ? "1 finding of the import" : `${shown.length} findings of the import`), list);
    }
    if (hosts.length > 0) {
        const list = make("ul", "", "hosts");
        list.append(...hosts.map((it) => make("li", it)));
        drawn.push(
            make("h3", hosts.length === 1 ? "Loads from 1 other host" : `Loads from ${hosts.length} other hosts`),
            make("p", "The files of the package name them. Where a learner's network or this server does not allow them, parts of the course are missing.", "quiet"),
            list,
        );
    }
    return drawn;
}

/** @param {Warning} it */
function drawWarning({ code, severity, file, line, column, text }) {
    const item = make("li");
    const place = line === undefined ? "" : `, line ${line}, column ${column ?? 1}`;
    const source = [file === undefined ? "" : `${file}${place}`, code].filter(Boolean).join(" · ");
    const sentence = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
    item.append(make("span", SEVERITY_WORDS[severity] ?? severity, `habit ${severity}`), make("span", sentence, "text"), make("p", source, "quiet"));
    return item;
}
