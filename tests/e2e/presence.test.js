// @ts-check
// What counts when nobody is there: the tab hidden, the machine asleep, the course left open overnight.
//
// The seconds follow from the rules of time alone: a gap of at most 300 s between two signs of the learner
// counts as far as the page was visible; after the last sign, 30 s do; sleep never does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { silent, wallClock } from "./packages.js";
import { HOUR, MINUTE, SECOND, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** The learner reads for four minutes, touches the course, and reads for one more. @param {Course} course */
async function read(course) {
    await course.advance(4 * MINUTE);
    await course.input();
    await course.advance(MINUTE);
}

/** @param {Course} course @param {"both-jump" | "date-jumps"} clocks */
async function asleep(course, clocks) {
    await read(course);
    await course.sleep(8 * HOUR, clocks);
    await course.advance(SECOND); // The first second awake: the clocks tell what happened.
    await course.input();
    await read(course);
}

const STORIES = /** @type {{ name: string, take: (course: Course) => Promise<void>, presentS: number, wallS: number }[]} */ ([
    {
        name: "hidden for 30 minutes",
        take: async (course) => {
            await read(course);
            await course.hide();
            await course.advance(30 * MINUTE);
            await course.showAgain();
            await read(course);
        },
        presentS: 300 + 300,
        wallS: 300 + 1800 + 300,
    },
    {
        name: "asleep for 8 h, with a monotonic clock that runs on",
        take: (course) => asleep(course, "both-jump"),
        presentS: 240 + 30 + 300, // The last sign before the sleep earns its tail.
        wallS: 300 + 28_800 + 1 + 300,
    },
    {
        name: "asleep for 8 h, with a monotonic clock that sleeps too",
        take: (course) => asleep(course, "date-jumps"),
        presentS: 240 + 30 + 300,
        wallS: 300 + 28_800 + 1 + 300,
    },
    {
        name: "left idle overnight",
        take: async (course) => {
            await course.advance(4 * MINUTE);
            await course.input();
            await course.advance(9 * HOUR);
            await course.input();
            await course.advance(4 * MINUTE);
        },
        presentS: 240 + 30 + 240,
        wallS: 240 + 32_400 + 240,
    },
]);

for (const { name, take, presentS, wallS } of STORIES) {
    test(`a package that never reports time, ${name}: ${presentS} s`, async () => {
        const topic = await world.importPackage(await silent("1.2"), "Presence");
        const course = await world.launch(topic, `silent, ${name}`);
        await take(course);
        await course.close();

        const row = await world.closedRow(`silent, ${name}`);
        near(row.time_spent_ms, presentS * SECOND, "credited");
        near(row.measured_ms, presentS * SECOND, "measured");
        assert.equal(row.reported_ms, null);
        assert.equal(row.provenance, "measured");
        assert.deepEqual(row.flags, []);
        assert.deepEqual(course.failures, []);
    });
}

for (const { name, take, presentS, wallS } of STORIES) {
    const version = name.includes("sleeps too") ? "2004" : "1.2";
    test(`a package (${version}) that reports its wall clock, ${name}: ${presentS} s, flagged`, async () => {
        const topic = await world.importPackage(await wallClock(version), "Presence");
        const course = await world.launch(topic, `wall clock, ${name}`);
        await take(course);
        await course.close();

        const row = await world.row(`wall clock, ${name}`, (it) => it.details.some((each) => each.reported_state === "set"));
        near(row.time_spent_ms, presentS * SECOND, "credited");
        near(row.measured_ms, presentS * SECOND, "measured");
        near(row.reported_ms, wallS * SECOND, "reported");
        assert.equal(row.provenance, "measured");
        assert.deepEqual(row.flags, ["report_exceeds_presence"]);
        assert.deepEqual(row.details.map((it) => it.state), ["terminated"]);
        assert.deepEqual(course.failures, []);
    });
}
