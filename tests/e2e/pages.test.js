// @ts-check
// What the learner sees: the player, the way out of it, and My Learning Report, on a desk, on a phone and in the dark.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), the pages are kept there as pictures.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { silent, two, wallClock, wrapped } from "./packages.js";
import { lookAt } from "./pictures.js";
import { says, until } from "./until.js";
import { HOUR, MINUTE, SECOND, World } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

const LEARNER = "Anna";
const COURSE = "Safety on board";
/** A word that no line of a phone holds. */
const LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** @param {Course} course */
const shown = (course) => course.read("document.body.innerText");

test("a learner takes courses, leaves, and reads the right minutes in the report", async () => {
    const fire = await world.importPackage(await wrapped("2004", "Fire drill"), COURSE);
    const first = await world.launch(fire, LEARNER);
    await first.advance(4 * MINUTE);
    await first.input();
    await first.inContent(`scorm.set("cmi.success_status", "passed"); scorm.set("cmi.completion_status", "completed"); scorm.set("cmi.score.raw", "92"); scorm.set("cmi.score.scaled", "0.92")`);
    await first.inContent(`scorm.set("cmi.session_time", "PT4M"); scorm.terminate()`);
    await first.close();

    const ropes = await world.importPackage(await wallClock("2004", "Ropes and knots"), COURSE);
    const second = await world.launch(ropes, LEARNER);
    await second.advance(3 * MINUTE);
    await second.sleep(2 * HOUR);
    await second.advance(MINUTE + SECOND);
    await second.click("Leave");
    await second.close();

    const radio = await world.importPackage(await silent("1.2", "Radio"), COURSE);
    const third = await world.launch(radio, LEARNER);
    await third.advance(2 * MINUTE);
    await third.close();

    const topic = await world.importPackage(await two("1.2", "Lifeboats"), COURSE);
    const course = await world.launch(topic, LEARNER);
    await course.advance(4 * MINUTE);
    await course.input();
    await course.inContent(`call("SetValue", "cmi.core.lesson_status", "incomplete"); call("Commit")`);
    await course.advance(MINUTE + 30_000);
    const player = await shown(course);
    for (const text of [COURSE, "Lifeboats", "Part A", "Part B", "Saved at", "4m 30s"]) {
        assert.ok(player.includes(text), `the player does not say ${text}: ${player}`);
    }
    await lookAt(course, "player");

    await course.click("Leave");
    await course.until("document.body.innerText.includes('Everything is saved')");
    await course.openReport(LEARNER);
    await course.until("document.querySelectorAll('tr.row').length === 4");
    const rows = await course.read("[...document.querySelectorAll('tr.row')].map((it) => it.innerText)");
    /** @param {string} of @param {string[]} texts */
    const says = (of, texts) => {
        const row = rows.find((/** @type {string} */ it) => it.includes(of)) ?? "";
        for (const text of texts) assert.ok(row.includes(text), `${of} does not say ${text}: ${row}`);
    };
    says("Fire drill", [COURSE, "passed", "92", "0h 4m 0s", "reported"]);
    says("Ropes and knots", ["0h 0m 30s", "measured"]); // It said 2 h 4 min; opening it earned 30 s.
    says("Radio", ["0h 2m 0s", "measured"]);
    says("Lifeboats", ["incomplete", "0h 5m 30s", "measured"]);
    await course.click("Details of Ropes and knots");
    assert.match(await shown(course), /0h 0m 30s[^]*2h 4m 1s|2h 4m 1s[^]*0h 0m 30s/);
    await lookAt(course, "report");
    assert.deepEqual(course.failures, []);
});

/** What is typed goes into the field of the key, which is empty again. */
const KEY_HAS_KEYBOARD = "document.activeElement?.id === 'key' && document.activeElement.value === ''";

test("whoever has the key reads how packages report, by keyboard alone", async () => {
    await world.serverTo(world.nowMs + 11 * MINUTE); // Windows that were closed are by now taken as closed.
    const page = await world.newTab();
    const text = () => page.evaluate("document.body.innerText");
    await page.goto(`${world.url}/packages/`);
    await until(page, KEY_HAS_KEYBOARD);
    await page.keyboard.type("not the key\n");
    await says(page, "This key is not valid");
    await until(page, KEY_HAS_KEYBOARD);
    await page.keyboard.type(`${world.key}\n`);
    await says(page, "Ropes and knots");
    const rows = /** @type {string[]} */ (await page.evaluate("[...document.querySelectorAll('tr.row')].map((it) => it.innerText)"));
    /** @type {[string, string][]} What each of them does, and what that is called. */
    const truth = [
        ["Fire drill", "as it ends"], // It said four minutes, and ended.
        ["Ropes and knots", "all that passed"], // It counted two hours of sleep; the window was there all the while.
        ["Radio", "never"],
        ["Lifeboats", "never"],
    ];
    for (const [of, word] of truth) {
        assert.match(rows.find((it) => it.includes(of)) ?? "", new RegExp(word), `${of} in ${rows.join("; ")}`);
    }
    const seen = { page, read: (/** @type {string} */ script) => page.evaluate(script) };
    await lookAt(seen, "packages");

    await page.evaluate("[...document.querySelectorAll('#list a')].find((it) => it.textContent === 'Ropes and knots').focus()");
    await page.keyboard.press("Enter");
    await says(page, "2h 4m 1s");
    for (const it of ["whether the learner was there or not. In 1 of 1 session", "What was measured was credited", "0h 0m 30s", "corroborated"]) {
        await says(page, it);
    }
    await lookAt(seen, "package");
    await page.goBack();
    await says(page, "Lifeboats");
    await page.evaluate("[...document.querySelectorAll('#list a')].find((it) => it.textContent === 'Lifeboats').focus()");
    await page.keyboard.press("Enter");
    await says(page, "Part B");
    assert.match(String(await text()), /Part A[^]*never[^]*Part B[^]*not known yet/);
    await lookAt(seen, "package-parts");
    await page.close();
});

test("the report's total says why it is less than its topics", async () => {
    const open = async (/** @type {string} */ name, /** @type {object} */ how = {}) =>
        world.launch(await world.importPackage(await silent("2004", name), "Two at once"), "Berta", how);
    const first = await open("Knots");
    await first.advance(MINUTE);
    const second = await open("Splices", { isWindow: true });
    await world.advance(2 * MINUTE, first, second);
    await first.close();
    await second.click("Leave");
    await second.until("document.body.innerText.includes('Everything is saved')");
    await second.openReport("Berta");
    await second.until("document.querySelectorAll('tr.row').length === 2");
    // Three minutes in all, of which both had the last two.
    const total = await second.read("document.querySelector('#totals').innerText");
    for (const text of ["All your courses", "0h 3m 0s", "2 topics", "add up to 0h 5m 0s", "0h 2m 0s were spent in two topics at once and count once"]) {
        assert.ok(total.includes(text), `the total does not say ${text}: ${total}`);
    }
    await lookAt(second, "report-total");
    await second.close();
});

test("leaving goes back to where the launch said", async () => {
    const topic = await world.importPackage(await silent("1.2"), LONG);
    const course = await world.launch(topic, "back", { return_url: `${world.url}/livez` });
    await course.advance(MINUTE);
    await lookAt(course, "player-long");
    await course.click("Leave");
    await course.until(`location.pathname === "/livez"`);
    await course.page.close();
    const row = await world.closedRow("back");
    assert.equal(row.time_spent, "0h 1m 0s");
});

for (const [idleMs, said] of /** @type {[number, string][]} */ ([
    [10_000, "10 seconds"], [60_000, "1 minute"], [90_000, "90 seconds"], [150_000, "2.5 minutes"],
])) {
    test(`the player says an idle limit of ${idleMs} ms as ${said}`, async () => {
        const name = `Idle after ${said}`;
        const topic = await world.importPackage(await silent("1.2", name), name);
        const headers = { "content-type": "application/json", "if-match": "*" };
        const body = JSON.stringify({ idle_limit_ms: idleMs, tail_ms: 5000 });
        await world.api(`/api/v1/courses/${encodeURIComponent(name)}`, { method: "PUT", body, headers });
        const course = await world.launch(topic, name);
        const time = () => course.read("document.getElementById('time').textContent");
        await course.advance(idleMs - SECOND);
        assert.doesNotMatch(await time(), /not counting/);
        await course.advance(3 * SECOND);
        assert.ok((await time()).endsWith(`(not counting: no sign of you for ${said})`), await time());
        await course.close();
    });
}

test("the player says what did not count and why, and asks below the content", async () => {
    const topic = await world.importPackage(await silent("1.2", "Radio watch"), "Still here?");
    const course = await world.launch(topic, "told");
    const time = () => course.read("document.getElementById('time').textContent");
    await course.advance(MINUTE);
    await course.input();
    await course.hide();
    await course.advance(12 * MINUTE);
    await course.showAgain();
    await course.advance(2 * SECOND);
    assert.match(await time(), /^Time so far: 0h 1m \ds \(0h 12m 0s while this page was hidden did not count\)$/);
    await course.advance(MINUTE);
    assert.match(await time(), /^Time so far: 0h 1m \d+s$/, "it is said once");
    await course.advance(3 * MINUTE + 10 * SECOND);
    assert.match(await shown(course), /Still here\? Without a sign of you/);
    await lookAt(course, "player-asks");
    await course.advance(MINUTE);
    assert.match(await time(), /\(not counting: no sign of you for 5 minutes\)$/);
    await course.input();
    await course.sleep(HOUR);
    await course.advance(3 * SECOND);
    assert.match(await time(), /\(not counting: no sign of you since this page stood still\)$/, "an hour of sleep is no silence");
    await course.input();
    await course.advance(SECOND);
    assert.match(await time(), /^Time so far: 0h \dm \d+s$/);
    const other = await world.launch(topic, "told");
    await course.advance(MINUTE);
    assert.match(await time(), /\(no longer counting in this window\)$/, "another window took over");
    await other.close();
    await course.close();
});
