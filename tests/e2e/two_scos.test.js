// @ts-check
// Two SCOs one after the other in one visit, the first taken away without a word.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { two } from "./packages.js";
import { MINUTE, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** @param {Course} course @param {number} minutes A multiple of 5, with a sign of the learner at each end. */
async function take(course, minutes) {
    for (let n = 0; n < minutes; n += 5) {
        if (n > 0) await course.input();
        await course.advance(5 * MINUTE);
    }
}

for (const version of /** @type {const} */ (["1.2", "2004"])) {
    test(`two SCOs (${version}) of one visit have 10 and 20 minutes, their topic 30`, async () => {
        const topic = await world.importPackage(await two(version), "Two");
        const course = await world.launch(topic, `two-${version}`);
        assert.equal(await course.inContent("answers.join()"), "true");
        await take(course, 10);
        await course.click("Part B"); // Launching is a sign, too.
        await course.until("frames[0].document.title === 'Part B' && frames[0].isReady");
        assert.equal(await course.inContent("answers.join()"), "true");
        await take(course, 20);
        await course.close();

        const row = await world.closedRow(`two-${version}`);
        assert.deepEqual(row.details.map((it) => [it.activity, it.state]), [["Part A", "implicit"], ["Part B", "left"]]);
        near(row.details[0].credited_ms, 10 * MINUTE, "part A");
        near(row.details[1].credited_ms, 20 * MINUTE, "part B");
        near(row.time_spent_ms, 30 * MINUTE, "topic");
        assert.equal(row.time_spent, "0h 30m 0s");
        assert.equal(row.status, "incomplete");
        assert.equal(row.attempts, 1);
        assert.deepEqual(course.failures, []);
    });
}
