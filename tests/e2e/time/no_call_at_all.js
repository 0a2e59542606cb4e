// @ts-check
// Content that does not know that there is an API.

import assert from "node:assert/strict";
import { mute } from "../packages.js";
import { parts, work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Silence and exits",
    name: "no API call at all",
    content: () => mute("1.2"),
    truthS: 360, // Four minutes, a sign, two minutes, and the window is closed.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(2 * MINUTE);
        await course.close();
    },
    check: (row) => {
        assert.deepEqual(parts(row), [["Mute", "left", 360]]);
        assert.equal(row.attempts, 1, "a hand was seen");
    },
};
