// @ts-check
// What the run-time survives: its frame reloaded, its player reloaded, and a trap in its own wasm.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { silent, wrapped } from "./packages.js";
import { MINUTE, SECOND, World, near } from "./world.js";

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

for (const version of /** @type {const} */ (["1.2", "2004"])) {
    const location = version === "1.2" ? "cmi.core.lesson_location" : "cmi.location";
    const sessionTime = version === "1.2" ? "cmi.core.session_time" : "cmi.session_time";
    const twoMinutes = version === "1.2" ? "00:02:00" : "PT2M";

    test(`a trap in a call (${version}) costs neither the call nor what was set before`, async () => {
        const topic = await world.importPackage(await wrapped(version), "Recovery");
        const course = await world.launch(topic, `trap-${version}`);
        await course.advance(2 * MINUTE);
        assert.equal(await course.inContent(`scorm.set("${location}", "page-5")`), true);
        assert.equal(await course.inContent(`scorm.set("cmi.suspend_data", ${JSON.stringify("ü".repeat(1500))})`), true);
        // The clock fails once, in the middle of wasm.
        await course.read(`(() => {
            const { now } = performance;
            performance.now = () => {
                performance.now = now;
                window.trapped = true;
                throw new Error("the clock failed");
            };
        })()`);
        assert.equal(await course.inContent(`scorm.set("${sessionTime}", "${twoMinutes}")`), true);
        assert.equal(await course.read("window.trapped"), true, "the clock was asked");
        assert.equal(await course.inContent(`scorm.get("${location}")`), "page-5");
        assert.equal(await course.inContent(`scorm.get("cmi.suspend_data").length`), 1500);
        assert.equal(await course.inContent(`scorm.set("${location}", "page-6")`), true);
        await course.advance(MINUTE);
        await course.close();

        const row = await world.closedRow(`trap-${version}`);
        assert.equal(row.details.length, 1);
        near(row.details[0].measured_ms, 3 * MINUTE, "measured");
        near(row.details[0].reported_ms, 2 * MINUTE, "reported");
        near(row.time_spent_ms, 3 * MINUTE, "credited"); // What was reported, and a minute that was seen after it.
        assert.equal(row.provenance, "reported");

        const again = await world.launch(topic, `trap-${version}`);
        assert.equal(await again.inContent(`scorm.get("${location}")`), "page-6");
        assert.equal(await again.inContent(`scorm.get("cmi.suspend_data")`), "ü".repeat(1500));
        await again.close();
        assert.deepEqual([...course.failures, ...again.failures], []);
    });
}

test("a call that the closing of the tab breaks off, as Firefox may, costs nothing of what was set before", async () => {
    const topic = await world.importPackage(await silent("2004"), "Recovery");
    const course = await world.launch(topic, "broken-off");
    await course.input();
    await course.advance(2 * MINUTE);
    await course.inContent(`call("SetValue", "cmi.location", "page-5"); call("SetValue", "cmi.exit", "suspend")`);
    await course.input();
    // Nothing gets out of the page any more. The next call of wasm, which hiding the page makes, ends without a word to
    // anybody: neither it returns, nor is there an error that the page would see.
    await course.read(`(() => {
        window.fetch = () => Promise.reject(new TypeError("offline"));
        window.fetchLater = undefined;
        navigator.sendBeacon = () => false;
        addEventListener("error", (event) => event.preventDefault());
        const { now } = performance;
        const { error } = console;
        document.addEventListener("visibilitychange", () => {
            const stop = () => {
                if (!new Error().stack.includes("wasm")) return now.call(performance);
                performance.now = now;
                window.brokenOff = true;
                throw new Error("broken off");
            };
            performance.now = stop;
            console.error = () => {
                console.error = error;
                throw new Error("broken off");
            };
        }, { capture: true, once: true });
    })()`);
    await course.hide();
    assert.equal(await course.read("window.brokenOff"), true, "the clock was asked");
    await course.close();
    const again = await world.launch(topic, "broken-off");
    assert.equal(await again.inContent(`[call("GetValue", "cmi.location"), call("GetValue", "cmi.entry")].join()`), "page-5,resume");
    const row = await world.row("broken-off", (it) => it.details.length > 0);
    near(row.details[0].measured_ms, 2 * MINUTE, "measured");
    await again.close();
});

test("a player that is reloaded goes on with its launch, once its code was used", async () => {
    const topic = await world.importPackage(await wrapped("2004"), "Recovery");
    const course = await world.launch(topic, "player-reload");
    await course.advance(2 * MINUTE);
    await course.inContent(`scorm.set("cmi.location", "page-2"); scorm.commit()`);
    await course.advance(2 * SECOND);
    await course.reload();
    assert.equal(await course.inContent(`scorm.get("cmi.entry")`), "resume");
    assert.equal(await course.inContent(`scorm.get("cmi.location")`), "page-2");
    await course.advance(2 * MINUTE);
    await course.close();
    const row = await world.row("player-reload", (it) => it.details.length === 2 && it.details.every((each) => each.state === "left"));
    near(row.time_spent_ms, 4 * MINUTE + 2 * SECOND);
    assert.equal(row.attempts, 1);
});

test("a tab that crashes has said by then what its last checkpoint knew, and the next visit says all", async () => {
    const topic = await world.importPackage(await silent("2004"), "Recovery");
    const course = await world.launch(topic, "tab-crash");
    await course.advance(2 * MINUTE);
    await course.input();
    await course.inContent(`call("SetValue", "cmi.completion_status", "completed"); call("SetValue", "cmi.suspend_data", "x".repeat(60000)); call("SetValue", "cmi.exit", "suspend")`);
    await course.advance(6 * SECOND); // Written down, and not sent yet.
    assert.equal((await world.row("tab-crash")).status, "incomplete");
    await course.crash();
    const row = await world.row("tab-crash", (it) => it.status === "completed");
    near(row.measured_ms, 2 * MINUTE + 5 * SECOND, "up to the checkpoint");
    const again = await world.launch(topic, "tab-crash");
    assert.equal(await again.inContent(`call("GetValue", "cmi.suspend_data").length`), 60_000);
    assert.equal(await again.inContent(`call("GetValue", "cmi.entry")`), "resume");
    await again.close();
});
