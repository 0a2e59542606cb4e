// @ts-check
// The demo, as whoever tries Seattime meets it: a course from the start page, and its minutes in the report.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), the pages are kept there as pictures.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { lookAt } from "./pictures.js";
import { RealTime } from "./real_time.js";
import { says, until, visible } from "./until.js";

/** @type {RealTime} */
let world;
before(async () => void (world = await RealTime.begin("--demo")));
after(() => world.end());

test("a course is taken from the start page, and read in the learner's own report", async () => {
    const page = await world.newTab();
    /** @type {unknown[]} */
    const failures = [];
    page.on("pageerror", (failure) => failures.push(failure));
    const seen = { page, read: (/** @type {string} */ script) => page.evaluate(script) };
    await page.goto(world.url);
    await lookAt(seen, "start");
    const title = String(await page.evaluate("document.querySelector('li strong').textContent"));
    await page.evaluate("document.querySelector('li button').focus()");
    await page.keyboard.press("Enter");
    await visible(page, "#leave:not([hidden])");
    await until(page, "/^Time so far: 0h 0m ([2-9]|[1-5]\\d)s/.test(document.querySelector('#time').textContent)");
    // The course reports its own time, from its own start on, which is later than the player's; it is credited with that.
    await until(page, "(({ performance: it }) => it.now() - it.getEntriesByType('navigation')[0].domContentLoadedEventEnd > 3000)(frames[0])");
    await page.click("#leave");
    await says(page, "Everything is saved");
    await lookAt(seen, "player-left");

    await page.goto(world.url);
    await page.evaluate("[...document.querySelectorAll('a')].find((it) => it.textContent === 'My Learning Report').focus()");
    await page.keyboard.press("Enter");
    await visible(page, "tr.row");
    const text = String(await page.evaluate("document.querySelector('main').innerText"));
    assert.match(text, /Your own times, as of /);
    assert.ok(text.includes(title), text);
    assert.match(text, /0h 0m ([2-9]|[1-5]\d)s/);
    assert.equal(new URL(page.url()).hash, "", "no token stays in the address");
    assert.equal(await page.evaluate("getComputedStyle(document.querySelector('th.learner')).display"), "none", "a learner has no column of learners");
    await lookAt(seen, "report-own");
    assert.deepEqual(failures, []);
    await page.close();
});
