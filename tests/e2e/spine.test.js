// @ts-check
// A course as npm's tools make it, taken for a quarter of an hour and closed like any tab.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { wrapped } from "./packages.js";
import { MINUTE, World, near } from "./world.js";

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

const STORIES = /** @type {const} */ ([
    {
        version: "1.2",
        set: {
            "cmi.core.lesson_status": "passed",
            "cmi.core.score.raw": "83",
            "cmi.core.lesson_location": "page-7",
            "cmi.suspend_data": "seen=1,2,3;note=grün",
            "cmi.core.exit": "suspend",
        },
        entry: "cmi.core.entry",
        found: { "cmi.core.lesson_location": "page-7", "cmi.suspend_data": "seen=1,2,3;note=grün", "cmi.core.score.raw": "83" },
        total: ["cmi.core.total_time", /^0+:15:00(\.0+)?$/],
    },
    {
        version: "2004",
        set: {
            "cmi.completion_status": "incomplete",
            "cmi.success_status": "passed",
            "cmi.score.raw": "83",
            "cmi.score.scaled": "0.83",
            "cmi.location": "page-7",
            "cmi.suspend_data": "seen=1,2,3;note=grün",
            // No exit: without Terminate, the attempt is continued all the same.
        },
        entry: "cmi.entry",
        found: { "cmi.location": "page-7", "cmi.suspend_data": "seen=1,2,3;note=grün", "cmi.success_status": "passed" },
        total: ["cmi.total_time", /^PT(0H)?(15M(0S)?|900(\.0+)?S)$/],
    },
]);

for (const { version, set, entry, found, total } of STORIES) {
    test(`fifteen minutes of a ${version} course outlive its tab, which was closed without ${version === "1.2" ? "LMSFinish" : "Terminate"}`, async () => {
        const topic = await world.importPackage(await wrapped(version), "Spine");
        const course = await world.launch(topic, `learner-${version}`);
        assert.equal(await course.inContent("isInitialized"), true);
        assert.equal(await course.inContent(`scorm.get("${entry}")`), "ab-initio");

        await course.advance(4 * MINUTE);
        await course.clickContent();
        await course.advance(4 * MINUTE);
        await course.input();
        await course.advance(4 * MINUTE);
        await course.input();
        for (const [element, value] of Object.entries(set)) {
            assert.equal(await course.inContent(`scorm.set("${element}", ${JSON.stringify(value)})`), true, element);
        }
        await course.advance(3 * MINUTE);
        await course.close();

        // Every gap between two signs of the learner is shorter than five minutes: all fifteen count.
        const row = await world.closedRow(`learner-${version}`);
        near(row.time_spent_ms, 15 * MINUTE);
        near(row.details[0].measured_ms, 15 * MINUTE);
        assert.equal(row.time_spent, "0h 15m 0s");
        assert.equal(row.provenance, "measured");
        assert.equal(row.status, "passed");
        assert.equal(row.score, "83");
        assert.equal(row.attempts, 1);
        assert.deepEqual(row.details.map((it) => it.state), ["left"]);
        assert.deepEqual(row.flags, []);

        await world.serverTo(world.nowMs + 30 * MINUTE);
        const again = await world.launch(topic, `learner-${version}`);
        assert.equal(await again.inContent(`scorm.get("${entry}")`), "resume");
        for (const [element, value] of Object.entries(found)) {
            assert.equal(await again.inContent(`scorm.get("${element}")`), value, element);
        }
        assert.match(await again.inContent(`scorm.get("${total[0]}")`), total[1]);
        await again.advance(MINUTE);
        await again.input();
        await again.close();

        const twice = await world.row(`learner-${version}`, (it) => it.details.length === 2 && it.details.every((each) => each.state !== "running"));
        near(twice.time_spent_ms, 16 * MINUTE);
        assert.equal(twice.attempts, 1);
        assert.deepEqual([...course.failures, ...again.failures], []);
    });
}
