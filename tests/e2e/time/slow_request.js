// @ts-check
// The first message is under way for 40 s, so that the server thinks everything happened so much later.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Clocks",
    name: "first request takes 40 s",
    content: () => silent("1.2"),
    truthS: 100, // Untouched: to open and to close are signs. The next message, in time, sets the clock right.
    take: async (stage) => {
        const course = await stage.open();
        await course.read(`(() => {
            const { fetch } = window;
            window.slow = 0;
            window.fetch = async (...request) => {
                if (window.slow++ === 0) await new Promise((resolve) => setTimeout(resolve, 40_000));
                return fetch(...request);
            };
        })()`);
        await course.advance(100 * SECOND);
        assert.ok(await course.read("window.slow > 0"));
        await course.close();
    },
};
