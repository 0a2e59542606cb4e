// @ts-check
// The record in the player: nothing that was achieved disappears, and no completed row is without its time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asset, deaf, failing, hiding, silent } from "./packages.js";
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
