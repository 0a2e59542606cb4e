// @ts-check
// The server dies in the middle of commits, and comes back: nothing acknowledged is missing, nothing double.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { silent } from "./packages.js";
import { SECOND, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

const KILLS = 20;
const DURING_MS = 10;
const SEED = 20_310_304;

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** Numbers from a seed (mulberry32), so that a run can be repeated. @param {number} seed */
function generator(seed) {
    return (/** @type {number} */ below) => {
        seed = (seed + 0x6d2b79f5) | 0;
        let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
    };
}

/** Content keeps a number, and is told at once that it is kept. @param {Course} course @param {number} n */
async function keep(course, n) {
    const calls = `[call("SetValue", "cmi.score.raw", "${n}"), call("SetValue", "cmi.location", "at-${n}"), call("Commit")].join()`;
    assert.equal(await course.inContent(calls), "true,true,true");
}

/** The greatest number that the server acknowledged. @param {Course} course @returns {Promise<number>} */
function acknowledged(course) {
    return course.read(`Math.max(0, ...testWorld.answered
        .filter((it) => it.status === 200 && it.answer?.acked !== undefined)
        .flatMap((it) => JSON.parse(it.sent).sessions ?? [])
        .map((it) => Number(it.set?.["cmi.score.raw"]?.[0] ?? 0)))`);
}

/** What the report holds is at least what was acknowledged. @param {Course} course @param {string} learner @param {number} last */
async function nothingIsMissing(course, learner, last) {
    const acked = await acknowledged(course);
    const kept = Number((await world.row(learner)).score ?? 0);
    assert.ok(acked <= kept && kept <= last, `acknowledged ${acked}, kept ${kept}, set ${last}`);
    return kept;
}

/** @param {string} topic @param {string} learner @param {number} last */
async function everythingIsThere(topic, learner, last) {
    const again = await world.launch(topic, learner);
    assert.equal(await again.inContent(`call("GetValue", "cmi.location")`), `at-${last}`);
    assert.equal(await again.inContent(`call("GetValue", "cmi.score.raw")`), String(last));
    await again.close();
}

test(`a server that is killed ${KILLS} times during commits loses nothing and counts nothing twice`, async (t) => {
    t.diagnostic(`seed ${SEED}`);
    const random = generator(SEED);
    const topic = await world.importPackage(await silent("2004"), "Crash");
    const course = await world.launch(topic, "crash");
    let seconds = 0;
    let last = 0;
    const fates = { lost: 0, "kept without an answer": 0, answered: 0 };
    const second = async () => {
        seconds++;
        await course.advance(SECOND);
    };
    for (let kills = 0; kills < KILLS; kills++) {
        await course.input();
        for (let n = 1 + random(6); n > 0; n--) {
            await keep(course, ++last);
            await second();
        }
        // While the request is on its way, is worked on, is answered: all that takes some ms.
        const killed = new Promise((resolve) => {
            world.onRequest = () => {
                world.onRequest = undefined;
                resolve(pause(random(DURING_MS)).then(() => world.kill()));
            };
        });
        await keep(course, ++last);
        while (world.onRequest) await second(); // Commits are at most one a second.
        await killed;
        await course.quiet();
        const [aimedAt, acked] = [last, await acknowledged(course)];
        for (let n = random(4); n > 0; n--) {
            await keep(course, ++last);
            await second();
        }
        await world.restart();
        const kept = await nothingIsMissing(course, "crash", last);
        fates[acked === aimedAt ? "answered" : kept === aimedAt ? "kept without an answer" : "lost"]++;
        // The page tries again by itself, later each time it failed.
        for (let n = 0; (await acknowledged(course)) < last; n++) {
            assert.ok(n < 120, "the page does not try again");
            await second();
        }
    }
    t.diagnostic(`${JSON.stringify(fates)}; ${last} values in ${seconds} s`);
    await nothingIsMissing(course, "crash", last);
    await course.close();

    const row = await world.closedRow("crash");
    near(row.time_spent_ms, seconds * SECOND);
    assert.equal(row.details.length, 1);
    near(row.details[0].measured_ms, seconds * SECOND);
    assert.equal(row.score, String(last));
    assert.equal(row.attempts, 1);
    assert.deepEqual(course.failures, []);
    await everythingIsThere(topic, "crash", last);
});

test("a commit that fails before, or loses its answer after it was kept, is sent again and counts once", async () => {
    const topic = await world.importPackage(await silent("2004"), "Crash");
    const course = await world.launch(topic, "faults");
    let seconds = 0;
    let last = 0;
    for (const fault of ["fail before_commit", "drop before_commit", "fail after_commit", "drop after_commit"]) {
        await course.input();
        await world.order(fault);
        await keep(course, ++last);
        await course.quiet();
        assert.equal(await acknowledged(course), last - 1, fault);
        while ((await acknowledged(course)) < last) {
            assert.ok(++seconds < 120, `${fault}: the page does not try again`);
            await course.advance(SECOND);
        }
        await nothingIsMissing(course, "faults", last);
    }
    await course.close();
    const row = await world.closedRow("faults");
    near(row.time_spent_ms, seconds * SECOND);
    assert.equal(row.details.length, 1);
    await everythingIsThere(topic, "faults", last);
});
