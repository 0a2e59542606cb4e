// @ts-check
// My Learning Report as a trainer reads it: what is missing is told apart, narrowed, sorted and read on, by keyboard alone.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), the pages are kept there as pictures.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mute, silent, wrapped } from "./packages.js";
import { lookAt } from "./pictures.js";
import { focused, open, rows, seen, shown, tabTo } from "./report_page.js";
import { giveKey, says, until, visible } from "./until.js";
import { MINUTE, SECOND, World } from "./world.js";

const COURSE = "Safety on board";
const JSON_BODY = { "content-type": "application/json" };

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** Somebody is to take a course. @param {string} id @param {string} course @param {string[]} [groups] */
function enrol(id, course, groups) {
    const body = JSON.stringify({ learner: { id, name: id, groups }, course });
    return world.api("/api/v1/enrolments", { method: "POST", body, headers: JSON_BODY });
}

/** Somebody is sent a link, and does not open it. @param {string} id @param {string} topic */
function invite(id, topic) {
    const body = JSON.stringify({ learner: { id, name: id }, topic });
    return world.api("/api/v1/launches", { method: "POST", body, headers: { ...JSON_BODY, "idempotency-key": `${id} ${topic}` } });
}

test("the kinds of missing are told apart", async () => {
    const drill = await world.importPackage(await mute("2004", "Never speaks"), "Missing");
    const first = await world.launch(drill, "Anna");
    await first.advance(MINUTE);
    await first.input(); // A sign of somebody: whoever only opened it, has not begun an attempt.
    await first.advance(MINUTE - 30 * SECOND);
    await first.input();
    await first.close();

    const quiet = await world.importPackage(await silent("2004", "Says no time"), "Missing");
    const second = await world.launch(quiet, "Berta");
    await second.advance(3 * MINUTE);
    await second.close();

    // Nothing that the page says leaves it, then the browser dies, and all that it kept goes with it.
    const device = await world.newDevice();
    const third = await world.launch(quiet, "Carla", { device });
    await third.loseNetwork(true);
    await third.advance(MINUTE);
    await third.crash();
    await /** @type {import("puppeteer-core").BrowserContext} */ (device).close();

    await enrol("Dora", "Missing");
    await invite("Emma", quiet);
    await world.serverTo(world.nowMs + 11 * MINUTE); // What was left open is closed by now.

    const page = await open(world, "?course=Missing&sort=learner&order=asc");
    const told = await rows(page);
    assert.equal(told.length, 6, told.join("\n")); // Dora is enrolled in both topics.
    await lookAt(seen(page), "report-missing");
    /** @type {[string, string, string, string[]][]} Who, what, what is seen of it, and what it opens to. */
    const truth = [
        ["Anna", "Never speaks", "0h 1m 30s measured launched, API never called 1 ", ["it did not call Initialize", "was measured"]],
        ["Berta", "Says no time", "0h 3m 0s measured no time reported", ["never reported a time that can be read"]],
        ["Carla", "Says no time", "not known – not known saving failed", ["nothing ever reached the server afterwards", "is not known", "Nothing was heard of this visit"]],
        ["Dora", "Never speaks", "not attempted – – never launched 0 – –", ["Never launched", "has not opened it"]],
        ["Dora", "Says no time", "not attempted – – never launched 0 – –", ["Never launched"]],
        ["Emma", "Says no time", "not attempted – – never launched 0 – –", ["or was sent a link"]],
    ];
    for (const [who, what, text, sentences] of truth) {
        const n = told.findIndex((it) => it.includes(who) && it.includes(what));
        assert.ok(told[n]?.includes(text), `${who}, ${what}: ${told[n]}, expected ${text}`);
        await page.click(`tr.row:nth-of-type(${2 * n + 1}) .more button`);
        await until(page, `!document.querySelectorAll("tr.details")[${n}].innerText.includes("loading")`);
        const opened = String(await page.evaluate(`document.querySelectorAll("tr.details")[${n}].innerText`));
        for (const it of sentences) assert.ok(opened.includes(it), `${who}, ${what} does not say ${it}: ${opened}`);
    }
    await lookAt(seen(page), "report-missing-opened");
    // Each can be asked for by itself.
    for (const [missing, who, what] of /** @type {[string, string, string][]} */ ([
        ["saving_failed", "Carla", "saving failed"], ["api_never_called", "Anna", "API never called"],
        ["no_time", "Berta", "no time reported"], ["never_launched", "", "never launched"],
    ])) {
        await page.evaluate("document.querySelector('#narrow').open = true");
        await page.select("[name=missing]", missing);
        await page.click(".go button");
        await until(page, (it) => location.search.includes(it), missing);
        await shown(page);
        const found = await rows(page);
        assert.ok(found.length > 0 && found.every((it) => it.includes(who) && it.includes(what)), `${missing}: ${found.join("\n")}`);
    }
    await page.close();
});

test("what is from before courses ran here is told apart", async () => {
    const topic = await world.importPackage(await silent("2004", "Life jackets"), "Afloat");
    for (const it of [`50 2 ${topic}`, "30 1 lms:17", "0 1 lms:18"]) await world.order(`history ${it} Hanna`);
    const course = await world.launch(topic, "Hanna");
    await course.advance(3 * MINUTE);
    await course.close();
    await world.row("Hanna", ({ details }) => details.length > 1 && details.every((it) => it.state !== "running"));

    const page = await open(world, "?learner=Hanna&sort=time_spent&order=desc");
    const told = await rows(page);
    /** @type {[string, string[]][]} What each row says, and what it opens to. */
    const truth = [
        ["Life jackets SCORM 2004 incomplete – 0h 53m 0s mixed 0h 50m 0s from before no time reported 3 2 from before", ["Before courses ran here", "2 attempts · taken over from the learning platform", "in no week and no period", "0h 3m 0s of 0h 3m 0s counted"]],
        ["An old film video not known – 0h 30m 0s taken over 1 – –", ["Time Spent is backfilled: taken over from the learning platform", "1 attempt · taken over"]],
        ["An old film video not known – not known no time kept before 1 – –", ["kept no time of it that could be taken over"]],
    ];
    assert.equal(told.length, truth.length, told.join("\n"));
    for (const [n, [text, sentences]] of truth.entries()) {
        assert.ok(told[n]?.includes(text), `${told[n]}, expected ${text}`);
        await page.click(`tr.row:nth-of-type(${2 * n + 1}) .more button`);
        await until(page, `!document.querySelectorAll("tr.details")[${n}].innerText.includes("loading")`);
        const opened = String(await page.evaluate(`document.querySelectorAll("tr.details")[${n}].innerText`));
        for (const it of sentences) assert.ok(opened.includes(it), `${text} does not say ${it}: ${opened}`);
    }
    await lookAt(seen(page), "report-before");
    await page.focus("#weeks summary");
    await page.keyboard.press("Enter");
    await says(page, "1h 20m 0s more are from before courses ran here");
    await page.focus("#totals summary");
    await page.keyboard.press("Enter");
    await says(page, "0h 50m 0s of it are from before courses ran here");
    await page.close();
});

test("the whole report is read by keyboard alone", async () => {
    const topic = await world.importPackage(await wrapped("2004", "Fire drill"), COURSE);
    for (const [who, minutes, score] of /** @type {[string, number, string][]} */ ([["Emil", 2, "80"], ["Fred", 4, "95"]])) {
        const course = await world.launch(topic, who);
        await course.advance(minutes * MINUTE);
        await course.inContent(`scorm.set("cmi.score.raw", "${score}"); scorm.set("cmi.completion_status", "completed"); 1`);
        await course.close();
        await world.closedRow(who);
    }
    const many = Array.from({ length: 60 }, (_, n) => `Guest ${String(n).padStart(2, "0")}`);
    for (const who of many) await enrol(who, COURSE, [who < "Guest 30" ? "Deck" : "Night shift"]);

    const page = await world.newTab();
    await page.goto(`${world.url}/reports/my-learning`);
    await says(page, "Whose times?");
    await tabTo(page, "API key");
    await page.keyboard.type(`${world.key}\n`);
    await shown(page);

    // A search, and a choice.
    await page.keyboard.press("Home");
    await page.evaluate("document.activeElement.blur()");
    await tabTo(page, "Narrow the report");
    await page.keyboard.press("Enter");
    await tabTo(page, "Course");
    await page.keyboard.type(COURSE);
    await tabTo(page, "Show");
    await page.keyboard.press("Enter");
    await until(page, "location.search === '?course=Safety+on+board'");
    await shown(page);
    let told = await rows(page);
    assert.equal(told.length, 50, "a page of rows");
    assert.ok(told[0]?.includes("Fred"), "the latest visit stands first");
    assert.match(String(await page.evaluate("document.querySelector('#as-of').innerText")), /^Learners, as of /);

    // By what they are sorted, twice.
    await tabTo(page, "Time Spent");
    await page.keyboard.press("Enter");
    await until(page, "document.querySelector('[aria-sort]').innerText.startsWith('Time Spent')");
    await shown(page);
    assert.equal(await page.evaluate("document.querySelector('[aria-sort]').ariaSort"), "descending");
    told = await rows(page);
    assert.ok(told[0]?.includes("Fred") && told[1]?.includes("Emil"), told.slice(0, 2).join("\n"));
    assert.ok(told[0]?.includes("95") && told[0].includes("0h 4m 0s"), told[0]);
    await page.keyboard.press("Enter");
    await until(page, "document.querySelector('[aria-sort=ascending]') !== null");
    await shown(page);
    told = await rows(page);
    assert.ok(told[0]?.includes("Guest"), told[0]);

    // On to the rows that follow: the keyboard stands on the first of them.
    await tabTo(page, "Show more");
    await page.keyboard.press("Enter");
    await until(page, "document.querySelectorAll('tr.row').length === 62");
    assert.match(await focused(page), /^Details of Fire drill, /);
    assert.equal(await page.evaluate("[...document.querySelectorAll('tr.row')].indexOf(document.activeElement.closest('tr'))"), 50);
    told = await rows(page);
    assert.ok(told.at(-1)?.includes("Fred"), told.at(-1));
    assert.equal(new Set(told).size, 62, "no row is there twice");
    await says(page, "These are all 62 rows.");

    // A row, opened; and the report of its learner alone, which says what all of it comes to.
    await tabTo(page, "Details of Fire drill, Learner, Fred");
    await page.keyboard.press("Enter");
    await visible(page, ".visit .moments");
    await lookAt(seen(page), "report-opened", { shoot: async (path) => {
        await page.evaluate("document.querySelector('.visit').closest('tr').previousSibling.scrollIntoView()");
        return page.screenshot({ path });
    } });
    await tabTo(page, "Learner, Fred");
    await page.keyboard.press("Enter");
    await until(page, "location.search.includes('learner=Fred')");
    await shown(page);
    assert.equal((await rows(page)).length, 1);
    await visible(page, "#totals:not([hidden])");
    await says(page, "learner: Learner, Fred");
    await tabTo(page, "As CSV");
    await tabTo(page, "Print what is shown");

    // Back, as in any page: everything of the course again.
    await page.goBack();
    await until(page, "document.querySelectorAll('tr.row').length > 1");
    await page.close();
});

test("a group, a search, what nobody is, and what cannot be asked", async () => {
    const page = await open(world, "?group=Deck&sort=learner&order=asc");
    const told = await rows(page);
    assert.equal(told.length, 30);
    assert.ok(told[0]?.includes("Guest 00") && told[29]?.includes("Guest 29"), told.join("\n"));
    await lookAt(seen(page), "report-narrowed");
    await page.evaluate("document.querySelector('#narrow').open = true");
    await lookAt(seen(page), "report-form");
    await page.type("[name=q]", "guest 07\n");
    await until(page, "location.search.includes('q=guest+07')");
    await shown(page);
    assert.equal((await rows(page)).length, 1);
    // One is taken away, and the other stays.
    await page.click("[aria-label='Take away group: Deck']");
    await until(page, "!location.search.includes('group')");
    await shown(page);
    assert.equal((await rows(page)).length, 1);
    assert.equal(await focused(page), "Take away learner: “guest 07”");

    await page.$eval("[name=q]", (it) => void (/** @type {HTMLInputElement} */ (it).value = ""));
    await page.type("[name=q]", "nobody at all\n");
    await says(page, "No row is like that");
    await lookAt(seen(page), "report-nothing");
    await page.click("#again-button");
    await shown(page);
    assert.equal((await rows(page)).length, 50);
    await page.close();

    const wrong = await world.newTab();
    await wrong.goto(`${world.url}/reports/my-learning?missing=luck`);
    await giveKey(wrong, world.key);
    await says(wrong, "The report cannot be narrowed like that");
    await lookAt(seen(wrong), "report-wrong");
    await wrong.click("#again-button");
    await shown(wrong);
    await wrong.close();
});
