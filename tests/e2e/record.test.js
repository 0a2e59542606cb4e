// @ts-check
// The record in the player: nothing that was achieved disappears, and no completed row is without its time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asset, assets, deaf, failing, hiding, silent, two } from "./packages.js";
import { World, near } from "./world.js";

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** @param {import("./course.js").Course} course @param {[string, string][]} sets */
async function set(course, sets) {
    for (const [element, value] of sets) {
        assert.equal(await course.inContent(`call("SetValue", "${element}", "${value}")`), "true", element);
    }
}

test("a course passed with 90 stays passed when its content sets incomplete as it starts", async () => {
    const topic = await world.importPackage(await silent("2004", "Passed"), "Passed");
    const first = await world.launch(topic, "passed");
    await set(first, [["cmi.score.scaled", "0.9"], ["cmi.completion_status", "completed"], ["cmi.success_status", "passed"], ["cmi.exit", "normal"]]);
    assert.equal(await first.inContent(`call("Terminate")`), "true");
    await first.close();
    const passed = await world.closedRow("passed");
    assert.deepEqual([passed.status, passed.score, passed.best_score], ["passed", "90", "90"]);

    const again = await world.launch(topic, "passed");
    await set(again, [["cmi.completion_status", "incomplete"], ["cmi.exit", "suspend"]]);
    await again.inContent(`call("Terminate")`);
    await again.close();
    const row = await world.row("passed", (it) => it.details.length >= 2 && it.details.every((each) => each.state !== "running"));
    assert.deepEqual([row.status, row.score, row.best_score, row.attempts], ["passed", "90", "90", 1]);
    assert.equal(row.latest?.status, "incomplete");
    assert.deepEqual([...first.failures, ...again.failures], []);
});

for (const [kind, made] of /** @type {[string, typeof asset][]} */ ([["an asset", asset], ["a SCO that never looks for the API", deaf]])) {
    test(`${kind}, read for 12 s and never touched, is completed with its time and an attempt`, async () => {
        const learner = `untouched ${made.name}`;
        const topic = await world.importPackage(await made("2004", `Untouched ${made.name}`), learner);
        const course = await world.launch(topic, learner);
        await course.advance(12_000);
        await course.close();
        const row = await world.closedRow(learner);
        assert.deepEqual([row.status, row.attempts, row.time_spent], ["completed", 1, "0h 0m 12s"]);
        near(row.time_spent_ms, 12_000);
        assert.deepEqual(row.flags, made === asset ? [] : ["completion_assumed"]);
    });
}

/** What the player's list says of each activity. @param {import("./course.js").Course} course */
const listed = (course) => course.read("[...document.querySelectorAll('#activities .quiet')].map((it) => it.textContent)");

test("the player's list tells of an asset while it is read, and says what the report says", async () => {
    const topic = await world.importPackage(await assets("2004"), "Assets");
    const course = await world.launch(topic, "reader");
    await course.advance(9_000);
    assert.deepEqual(await listed(course), ["not attempted", "not attempted"], "the page was visible for less than 10 s");
    await course.advance(3_000);
    assert.deepEqual(await listed(course), ["incomplete", "not attempted"]);
    await course.click("Next");
    await course.until("frames[0].document.title === 'Two' && frames[0].isReady");
    await course.advance(1_000);
    assert.deepEqual(await listed(course), ["completed", "incomplete"], "the attempt counts already");
    await course.close();
    const row = await world.closedRow("reader");
    assert.deepEqual([row.status, row.attempts], ["completed", 1]);

    const again = await world.launch(topic, "reader");
    await again.advance(1_000);
    assert.deepEqual(await listed(again), ["completed", "completed"]);
    await again.close();
});

test("the player's list says that a SCO has ended only where that adds something", async () => {
    const topic = await world.importPackage(await two("2004"), "Ended");
    const course = await world.launch(topic, "ended");
    await set(course, [["cmi.completion_status", "incomplete"]]);
    await course.advance(1_000);
    assert.deepEqual(await listed(course), ["incomplete", "not attempted"], "what was set and not committed yet");
    await course.inContent(`call("Terminate")`);
    await course.until("document.querySelector('#activities .quiet').textContent === 'incomplete, ended'");
    await course.inContent("isReady = false");
    await course.click("Part A");
    await course.until("frames[0].isReady");
    assert.equal((await listed(course))[0], "incomplete");
    await set(course, [["cmi.completion_status", "completed"]]);
    await course.inContent(`call("Terminate")`);
    await course.until("document.querySelector('#activities .quiet').textContent === 'completed'");
    await course.close();
});

for (const [what, script] of [
    ["of a script that is missing", `<script src="missing.js"></script>`],
    ["of a script that fails", `<script>missing.start();</script>`],
    ["of a script on a host that is not there", `<script src="https://cdn.invalid/player.js"></script>`],
]) {
    test(`a SCO that stays blank for want ${what} is not completed`, async () => {
        const topic = await world.importPackage(await failing(what, script), what);
        const course = await world.launch(topic, what);
        await course.advance(20_000);
        await course.close();
        const row = await world.closedRow(what);
        assert.deepEqual([row.status, row.attempts, row.time_spent, row.flags], ["incomplete", 1, "0h 0m 20s", []]);
    });
}

for (const version of /** @type {const} */ (["1.2", "2004"])) {
    test(`a quiz whose title is hidden is reached by Next, and counts (${version})`, async () => {
        const learner = `hidden ${version}`;
        const topic = await world.importPackage(await hiding(version, `Hidden ${version}`), learner);
        const course = await world.launch(topic, learner);
        const status = version === "1.2" ? "cmi.core.lesson_status" : "cmi.completion_status";
        assert.equal(await course.read("document.getElementById('list').hidden"), true, "a single title is no list");
        await set(course, [[status, "completed"]]);
        await course.inContent(`call("Terminate")`);
        const half = await world.row(learner, (it) => it.details.some((each) => each.state === "terminated"));
        assert.equal(half.status, "incomplete", "the quiz is part of the course");
        await course.click("Next");
        await course.until("frames[0].document.title === 'Quiz' && frames[0].isReady");
        assert.equal(await course.read("document.getElementById('next').disabled"), true);
        await set(course, [[status, "completed"]]);
        await course.inContent(`call("Terminate")`);
        await course.close();
        const row = await world.row(learner, (it) => it.details.every((each) => each.state !== "running") && it.status === "completed");
        assert.equal(row.attempts, 1);
        assert.deepEqual(course.failures, []);
    });
}
