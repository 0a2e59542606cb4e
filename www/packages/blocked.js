// @ts-check
// The other hosts that browsers kept a package's content from, and those that its course may use.

import { cell, makeRow } from "../report/table.js";
import { make } from "../shared/page.js";

/**
 * @typedef {object} Blocked Requests to one host. A server may leave out what it does not know.
 * @property {string} host
 * @property {string} directive
 * @property {number} count
 * @property {number} [last_ms]
 */

/** What is requested, by the directive of the policy. @type {Record<string, string>} */
const KINDS = {
    "base-uri": "the base of addresses",
    "child-src": "frames",
    "connect-src": "requests by scripts",
    "font-src": "fonts",
    "form-action": "forms",
    "frame-src": "frames",
    "img-src": "pictures",
    "media-src": "video and audio",
    "object-src": "embedded objects",
    "script-src": "scripts",
    "style-src": "style sheets",
    "worker-src": "workers",
};

/** @param {Blocked[]} blocked @returns {HTMLElement[]} Nothing where nothing was blocked. */
export function drawBlocked(blocked) {
    if (blocked.length === 0) return [];
    const table = make("table");
    table.role = "table";
    const head = makeRow("");
    for (const name of ["Host", "Kind", "Requests", "Last"]) {
        const made = make("th", name);
        made.scope = "col";
        made.role = "columnheader";
        head.append(made);
    }
    const top = make("thead");
    const body = make("tbody");
    top.role = body.role = "rowgroup";
    top.append(head);
    for (const it of blocked) {
        const line = makeRow("row");
        cell(line, "Host", it.host, "topic");
        cell(line, "Kind", KINDS[it.directive] ?? it.directive);
        cell(line, "Requests", String(it.count)).className = "figure";
        cell(line, "Last", it.last_ms ? new Date(it.last_ms).toLocaleDateString() : "–");
        body.append(line);
    }
    table.append(top, body);
    const text = "Browsers reported these requests as blocked, so parts of the course may be missing for learners. To allow a host, "
        + "add it to external_hosts of the course (PUT /api/v1/courses/…) or of the server (--external-hosts), and launch the course again.";
    return [make("h3", "Blocked requests to other hosts"), make("p", text, "quiet policy"), table];
}

/** @param {unknown} hosts The policy of a course. @returns {string} Empty for a server without such policies. */
export function hostsInWords(hosts) {
    if (hosts === "https") return "Content may use every other host with an encrypted address (https).";
    if (hosts === "none") return "Content may use no other host but players of YouTube and Vimeo.";
    return Array.isArray(hosts) ? `Content may use these other hosts: ${hosts.join(", ")}.` : "";
}
