// @ts-check
// A SCO, an asset that cannot say anything, another SCO.

import assert from "node:assert/strict";
import { mixed } from "../packages.js";
import { parts, work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Silence and exits",
    name: "an asset between two SCOs",
    content: () => mixed("2004"),
    truthS: 720, // 5 + 3 + 4 minutes; to launch the next part is a sign.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        for (const [title, minutes] of /** @type {[string, number][]} */ ([["Picture", 3], ["Part B", 4]])) {
            await course.click(title);
            await course.until(`frames[0].document.title === '${title}' && frames[0].isReady`);
            await course.advance(minutes * MINUTE);
        }
        await course.close();
    },
    check: (row) => assert.deepEqual(parts(row), [["Part A", "implicit", 300], ["Picture", "implicit", 180], ["Part B", "left", 240]]),
};
