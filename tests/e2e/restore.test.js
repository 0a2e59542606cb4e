// @ts-check
// The server is restored from a backup under a live page: what pages still hold comes back, and time with it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { silent } from "./packages.js";
import { MINUTE, SECOND, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

const READ = `[call("GetValue", "cmi.location"), call("GetValue", "cmi.suspend_data"), call("GetValue", "cmi.score.raw")].join()`;

/** @type {World} */
let world;
/** @type {string} */
let topic;
const backups = mkdtempSync(join(tmpdir(), "seattime-backups-"));
before(async () => {
    world = await World.begin();
    topic = await world.importPackage(await silent("2004"), "Restored");
});
after(() => world.end().finally(() => rmSync(backups, { recursive: true, force: true, maxRetries: 5 })));

/** Content sets values, and is told that they are kept. @param {Course} course @param {Record<string, string>} values */
async function set(course, values) {
    const calls = Object.entries(values).map(([element, text]) => `call("SetValue", "${element}", "${text}")`);
    const answers = await course.inContent(`[${calls.join()}, call("Commit")].join()`);
    assert.equal(answers, Array(calls.length + 1).fill("true").join());
}

/** Time goes by, with the learner there. @param {Course} course @param {number} ms */
async function spend(course, ms) {
    for (let left = ms; left > 0; left -= MINUTE) {
        await course.input();
        await course.advance(Math.min(MINUTE, left));
    }
}

/** Whether the server acknowledged all that the page has set. @param {Course} course @param {string} location */
async function isAcknowledged(course, location) {
    return course.read(`testWorld.answered.some((it) => it.status === 200 && !it.answer?.need_full && it.sent.includes(${JSON.stringify(location)}))`);
}

/** @param {string} name */
function backUp(name) {
    const file = join(backups, name);
    world.command("backup", "--to", file);
    return file;
}

/** The server dies; its data become what they were. @param {string} backup */
async function restoreFrom(backup) {
    await world.kill();
    world.command("restore", "--replace", "--from", backup);
    await world.restart();
}

test("a live page gives back what came after the backup, and its time is right to the second", async () => {
    const course = await world.launch(topic, "live");
    await spend(course, 2 * MINUTE);
    await set(course, { "cmi.location": "before", "cmi.score.raw": "10" });
    await spend(course, 10 * SECOND);
    assert.ok(await isAcknowledged(course, "before"));
    const backup = backUp("live.zip");
    await set(course, { "cmi.location": "after", "cmi.suspend_data": "only between" });
    await spend(course, 5 * MINUTE);
    assert.ok(await isAcknowledged(course, "only between"));
    assert.ok((await world.row("live")).time_spent_ms >= 6 * MINUTE, "up to the last message");

    await restoreFrom(backup);
    assert.ok((await world.row("live")).time_spent_ms <= 2 * MINUTE + 10 * SECOND, "as it was");
    // Nothing more is set: all that there is to say is a sign of life.
    await spend(course, 2 * MINUTE);
    assert.ok((await world.row("live")).time_spent_ms > 7 * MINUTE + 10 * SECOND, "it is asked for at once");
    await course.close();
    const row = await world.closedRow("live");
    near(row.time_spent_ms, 9 * MINUTE + 10 * SECOND);
    assert.equal(row.attempts, 1);
    const again = await world.launch(topic, "live");
    assert.equal(await again.inContent(READ), "after,only between,10");
    await again.close();
    assert.deepEqual([...course.failures, ...again.failures], []);
});

test("a visit that ends before it heard of the restore gives everything back all the same", async () => {
    const course = await world.launch(topic, "ending");
    await set(course, { "cmi.location": "before" });
    await spend(course, MINUTE);
    const backup = backUp("ending.zip");
    await set(course, { "cmi.suspend_data": "only between" });
    await spend(course, MINUTE);
    assert.ok(await isAcknowledged(course, "only between"));
    await restoreFrom(backup);
    await course.click("Leave"); // The last words are the first that the restored server hears.
    await course.until("document.body.innerText.includes('Everything is saved.')");
    await course.close();
    const again = await world.launch(topic, "ending");
    assert.equal(await again.inContent(READ), "before,only between,");
    await again.close();
});

test("a page that another visit fenced meanwhile still gives back what it alone holds", async () => {
    const first = await world.launch(topic, "fenced");
    await set(first, { "cmi.location": "before" });
    await spend(first, MINUTE);
    const backup = backUp("fenced.zip");
    await set(first, { "cmi.suspend_data": "only between" });
    await spend(first, 3 * MINUTE);
    assert.ok(await isAcknowledged(first, "only between"));
    await restoreFrom(backup);
    const second = await world.launch(topic, "fenced");
    await first.advance(40 * SECOND);
    await first.until("document.body.innerText.includes('another window')");
    // Its values count as a conflict where the newer visit has begun the same; its time counts whatever the lease.
    const row = await world.row("fenced", (it) => it.time_spent_ms > 3 * MINUTE);
    assert.ok(row.time_spent_ms >= 4 * MINUTE - SECOND, `${row.time_spent_ms}`);
    await first.close();
    await second.close();
    assert.deepEqual([...first.failures, ...second.failures], []);
});

test("a page that was launched after the backup gives its whole visit back, long texts too", async () => {
    const LONG = "x".repeat(50_000);
    const backup = backUp("launched.zip");
    const course = await world.launch(topic, "launched");
    await set(course, { "cmi.location": "after", "cmi.suspend_data": LONG });
    await spend(course, 3 * MINUTE);
    assert.ok(await isAcknowledged(course, "after"));
    // What the page of an earlier test left goes out first, with its own visit's origin.
    const visit = await course.read("testWorld.answered.find((it) => it.answer?.launch_token).answer.visit");
    const withOrigin = () => course.read(`testWorld.answered.filter((it) => it.sent.startsWith('{"origin"') && it.sent.includes("${visit}")).length`);
    assert.equal(await withOrigin(), 0, "nobody asked");
    await restoreFrom(backup);
    await spend(course, 2 * MINUTE);
    const asked = await withOrigin();
    assert.ok(asked >= 3, `two parts and a commit: ${asked}`);
    await spend(course, 2 * MINUTE);
    assert.equal(await withOrigin(), asked, "what was made again is not asked for once more");
    await course.close();
    const row = await world.closedRow("launched");
    near(row.time_spent_ms, 7 * MINUTE);
    assert.equal(row.attempts, 1);
    const again = await world.launch(topic, "launched");
    assert.equal(await again.inContent(READ), `after,${LONG},`);
    await again.close();
    assert.deepEqual([...course.failures, ...again.failures], []);
});

test("a visit that was launched after the backup and ends before it heard of the restore gives everything back", async () => {
    const backup = backUp("launched, ending.zip");
    const course = await world.launch(topic, "launched, ending");
    await set(course, { "cmi.location": "after" });
    await spend(course, MINUTE);
    assert.ok(await isAcknowledged(course, "after"));
    await restoreFrom(backup);
    await course.click("Leave");
    await course.until("document.body.innerText.includes('Everything is saved.')");
    await course.close();
    near((await world.closedRow("launched, ending")).time_spent_ms, MINUTE);
    assert.deepEqual(course.failures, []);
});

test("a tab that was launched after the backup tells of itself as it is closed", async () => {
    const backup = backUp("launched, closing.zip");
    const course = await world.launch(topic, "launched, closing");
    await spend(course, MINUTE + 20 * SECOND);
    await restoreFrom(backup);
    await course.close(); // What it says now is the last that anybody hears of it.
    const row = await world.closedRow("launched, closing");
    assert.ok(row.time_spent_ms > 0, "made again, with what was not acknowledged");
    assert.deepEqual(course.failures, []);
});

test("a tab that was launched after the backup and closed is brought back by another learner's page", async () => {
    const backup = backUp("launched, closed.zip");
    const course = await world.launch(topic, "launched, closed");
    await world.kill();
    await spend(course, MINUTE);
    await set(course, { "cmi.location": "never sent" });
    await spend(course, MINUTE);
    await course.close();
    world.command("restore", "--replace", "--from", backup);
    await world.restart();
    const other = await world.launch(topic, "somebody else");
    near((await world.closedRow("launched, closed")).time_spent_ms, 2 * MINUTE);
    await other.close();
    const again = await world.launch(topic, "launched, closed");
    assert.equal(await again.inContent(READ), "never sent,,");
    await again.close();
    assert.deepEqual([...course.failures, ...other.failures, ...again.failures], []);
});

test("a tab that was closed gives back what it had not seen acknowledged, with its time", async () => {
    const course = await world.launch(topic, "closed");
    await spend(course, MINUTE);
    await set(course, { "cmi.location": "before" });
    await spend(course, 10 * SECOND);
    const backup = backUp("closed.zip");
    await set(course, { "cmi.location": "between", "cmi.score.raw": "20" });
    await spend(course, MINUTE);
    assert.ok(await isAcknowledged(course, "between"));
    await world.kill();
    await set(course, { "cmi.suspend_data": "never acknowledged" });
    await spend(course, MINUTE);
    await course.close();
    world.command("restore", "--replace", "--from", backup);
    await world.restart();

    const again = await world.launch(topic, "closed");
    // The tab's whole time, and what was not acknowledged. What was, between the backup and the restore, the closed tab
    // had forgotten: nobody holds it any more.
    assert.equal(await again.inContent(READ), "before,never acknowledged,");
    near((await world.row("closed")).time_spent_ms, 3 * MINUTE + 10 * SECOND);
    const left = await again.read(`new Promise((resolve) => {
        const request = indexedDB.open("seattime");
        request.onsuccess = () => {
            const all = request.result.transaction("visits").objectStore("visits").getAll();
            all.onsuccess = () => { request.result.close(); resolve(all.result.flat().filter((it) => it.includes("never acknowledged")).length); };
        };
    })`);
    assert.equal(left, 0, "it is not sent for ever");
    await again.close();
    assert.deepEqual([...course.failures, ...again.failures], []);
});
