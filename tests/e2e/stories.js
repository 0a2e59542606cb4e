// @ts-check
// The stories of time/, in the order of their headings.

import { readdirSync } from "node:fs";

/** @typedef {import("./stage.js").Story} Story */

/** @type {import("./stage.js").Heading[]} */
const HEADINGS = ["Silence and exits", "Presence", "Clocks", "More than one", "Network", "Media", "Reports"];

/** @returns {Promise<Story[]>} */
export async function stories() {
    /** @type {Story[]} */
    const found = [];
    for (const file of readdirSync(new URL("time/", import.meta.url)).sort()) {
        found.push(...[(await import(`./time/${file}`)).default].flat());
    }
    return found.sort((one, other) => HEADINGS.indexOf(one.heading) - HEADINGS.indexOf(other.heading));
}
