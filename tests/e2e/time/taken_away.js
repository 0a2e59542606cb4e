// @ts-check
// Two SCOs one after the other in one visit, the first taken away without a word.

import assert from "node:assert/strict";
import { two } from "../packages.js";
import { parts, work } from "../stage.js";
import { MINUTE } from "../world.js";

export default /** @type {import("../stage.js").Story[]} */ (/** @type {const} */ (["1.2", "2004"]).map((version) => ({
    heading: "Silence and exits",
    name: `SCO (${version}) taken away without Finish, next SCO`,
    content: () => two(version),
    truthS: 1800, // 10 + 20 minutes, with a sign every five.
    take: async (stage) => {
        const course = await stage.open();
        assert.equal(await course.inContent("answers.join()"), "true");
        await work(course, 5);
        await course.advance(5 * MINUTE);
        await course.click("Part B"); // Launching is a sign, too.
        await course.until("frames[0].document.title === 'Part B' && frames[0].isReady");
        assert.equal(await course.inContent("answers.join()"), "true");
        await work(course, 5, 5, 5);
        await course.advance(5 * MINUTE);
        await course.close();
    },
    check: (row) => {
        assert.deepEqual(parts(row), [["Part A", "implicit", 600], ["Part B", "left", 1200]]);
        assert.equal(row.time_spent, "0h 30m 0s");
        assert.equal(row.status, "incomplete");
        assert.equal(row.attempts, 1);
    },
})));
