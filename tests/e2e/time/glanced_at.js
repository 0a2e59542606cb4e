// @ts-check
// Opened, looked at, closed.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Silence and exits",
    name: "opened, read 25 s untouched, closed",
    content: () => silent("1.2"),
    truthS: 25, // To open and to close are signs.
    take: async (stage) => {
        const course = await stage.open();
        await course.advance(25 * SECOND);
        await course.close();
    },
    check: (row) => assert.equal(row.attempts, 1, "content called Initialize"),
};
