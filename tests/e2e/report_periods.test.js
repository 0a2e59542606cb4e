// @ts-check
// The report of a period: across midnight, on the two days on which clocks are changed, per week, and as a file.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), the pages are kept there as pictures.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { silent } from "./packages.js";
import { lookAt } from "./pictures.js";
import { giveKey, until, visible } from "./until.js";
import { MINUTE, World, near } from "./world.js";

/** @typedef {import("puppeteer-core").Page} Page */

const ZONE = "Europe/Berlin";
const COURSE = "Night watch";
/** As a spreadsheet would run it. */
const FORMULA = `=HYPERLINK("http://evil.test","Gerda")`;

/** @type {World} */
let world;
/** @type {string} */
let topic;
before(async () => {
    world = await World.begin();
    const body = JSON.stringify({ zone: ZONE });
    await world.api("/api/v1/tenant", { method: "PUT", body, headers: { "content-type": "application/json", "if-match": "*" } });
    topic = await world.importPackage(await silent("2004", "Lookout"), COURSE);
});
after(() => world.end());

/**
 * A learner is there from some minutes before a moment until some minutes after it.
 *
 * @param {string} learner
 * @param {number} atMs
 * @param {number} minutesBefore
 * @param {number} minutesAfter
 */
async function around(learner, atMs, minutesBefore, minutesAfter) {
    await world.serverTo(atMs - minutesBefore * MINUTE);
    const course = await world.launch(topic, learner);
    await course.advance(minutesBefore * MINUTE);
    await course.input();
    await course.advance(minutesAfter * MINUTE);
    await course.input();
    await course.close();
    const row = await world.closedRow(learner);
    near(row.time_spent_ms, (minutesBefore + minutesAfter) * MINUTE, learner);
}

/** The report as whoever has the key reads it. @param {Record<string, string>} narrowing */
async function open(narrowing) {
    const page = await world.newTab();
    await page.goto(`${world.url}/reports/my-learning?${new URLSearchParams(narrowing)}`);
    await giveKey(page, world.key);
    await until(page, "document.querySelector('#state-title').textContent.startsWith('No row') || document.querySelectorAll('tr.row').length > 0");
    return page;
}

/** What a page says of a learner's time on a day, and of all of it. @param {string} learner @param {string} day */
async function timeOn(learner, day) {
    const page = await open({ learner, from: day, to: day });
    const text = String(await page.evaluate("document.querySelector('td.time')?.innerText ?? 'no row'"));
    await page.close();
    return text.replaceAll(/\s+/g, " ");
}

test("a visit across midnight is divided there, and so are those at the end of a day of 23 and of 25 hours", async () => {
    /** @type {[string, number, string, string, number, number][]} */
    const visits = [
        // who        the end of the day in Berlin            the day       the next one  min before, after
        ["midnight", Date.UTC(2031, 2, 4, 23), "2031-03-04", "2031-03-05", 3, 4],
        ["23 hours", Date.UTC(2031, 2, 30, 22), "2031-03-30", "2031-03-31", 2, 3],
        ["25 hours", Date.UTC(2031, 9, 26, 23), "2031-10-26", "2031-10-27", 4, 1],
    ];
    for (const [who, atMs, day, next, minutesBefore, minutesAfter] of visits) {
        await around(who, atMs, minutesBefore, minutesAfter);
        const all = `of 0h ${minutesBefore + minutesAfter}m 0s in all`;
        assert.ok((await timeOn(who, day)).startsWith(`0h ${minutesBefore}m 0s ${all}`), `${who}, ${day}: ${await timeOn(who, day)}`);
        assert.ok((await timeOn(who, next)).startsWith(`0h ${minutesAfter}m 0s ${all}`), `${who}, ${next}: ${await timeOn(who, next)}`);
    }
    assert.equal(await timeOn("midnight", "2031-03-06"), "no row");

    const page = await open({ from: "2031-03-01", to: "2031-03-31" });
    assert.equal(await page.evaluate("document.querySelectorAll('tr.row').length"), 2);
    assert.match(String(await page.evaluate("document.querySelector('#as-of').innerText")), /the days of the period are those of Europe\/Berlin/);
    const seen = { page, read: (/** @type {string} */ script) => page.evaluate(script) };
    await lookAt(seen, "report-period");
    await page.close();
});

test("time per week is drawn, and told as a table", async () => {
    const page = await open({ from: "2031-03-03", to: "2031-04-06" });
    await page.focus("#weeks summary");
    await page.keyboard.press("Enter");
    await visible(page, ".weeks-chart");
    const label = String(await page.evaluate("document.querySelector('.weeks-chart').ariaLabel"));
    assert.match(label, /5 weeks: 0h 12m 0s in all, most in the week of Mar 3, 2031 with 0h 7m 0s/);
    await page.focus("#weeks details summary");
    await page.keyboard.press("Enter");
    const told = await page.evaluate("[...document.querySelectorAll('.plain-table tbody tr')].map((it) => it.innerText.replaceAll(/\\s+/g, ' ').trim())");
    // The Sunday on which clocks go forward ends its week; what came after midnight is of the next.
    assert.deepEqual(told, [
        "Mar 3, 2031 0h 7m 0s 0h 7m 0s",
        "Mar 10, 2031 0h 0m 0s 0h 0m 0s",
        "Mar 17, 2031 0h 0m 0s 0h 0m 0s",
        "Mar 24, 2031 0h 2m 0s 0h 2m 0s",
        "Mar 31, 2031 0h 3m 0s 0h 3m 0s",
    ]);
    const seen = { page, read: (/** @type {string} */ script) => page.evaluate(script) };
    await lookAt(seen, "report-weeks", { shoot: async (path) => (await page.$("#weeks"))?.screenshot({ path }) });
    await page.close();
});

test("what is shown is had as a file, in which nothing is a formula", async () => {
    await world.api("/api/v1/launches", {
        method: "POST",
        body: JSON.stringify({ learner: { id: "gerda", name: FORMULA }, topic }),
        headers: { "content-type": "application/json", "idempotency-key": "gerda" },
    });
    const page = await open({ learner: "gerda" });
    const folder = mkdtempSync(join(tmpdir(), "seattime-export-"));
    try {
        const cdp = await page.createCDPSession();
        await cdp.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, browserContextId: undefined });
        for (const [button, ending] of [["As CSV", ".csv"], ["As JSON", ".json"]]) {
            await page.evaluate((it) => /** @type {any} */ ([...document.querySelectorAll("button")].find((button) => button.textContent === it)).focus(), button);
            await page.keyboard.press("Enter");
            const name = await arrived(folder, ending ?? "");
            assert.match(name, /^learning-report-.+\.(csv|json)$/);
            const text = readFileSync(join(folder, name), "utf8");
            if (ending === ".json") {
                assert.ok(JSON.stringify(JSON.parse(text)).includes("HYPERLINK"));
                continue;
            }
            assert.ok(text.startsWith("\ufeff"), "a spreadsheet is told that it is UTF-8");
            const lines = text.trim().split(/\r\n/);
            assert.equal(lines.length, 2, text);
            assert.ok(lines[1]?.includes(`,"'${FORMULA.replaceAll('"', '""')}",`), lines[1]);
            rmSync(join(folder, name));
        }
        // Where numbers have a decimal comma, a spreadsheet takes a file for one of semicolons.
        await cdp.send("Emulation.setLocaleOverride", { locale: "de-DE" });
        await page.click("[data-format=csv]");
        const text = readFileSync(join(folder, await arrived(folder, ".csv")), "utf8");
        assert.ok(text.startsWith("\ufeffas_of;learner_id;learner;"), text);
        assert.ok(text.includes(`;"'${FORMULA.replaceAll('"', '""')}";`), text);
        // A file that breaks off is none.
        await page.evaluate(`globalThis.fetch = async () => new Response(new ReadableStream({ start: (it) => it.error(new TypeError("network error")) }))`);
        await page.click("[data-format=csv]");
        await until(page, `document.querySelector("#export-state").innerText === "There is no file: it broke off on its way; try again."`);
    } finally {
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
        await page.close();
    }
});

/** A file of that ending, once it is whole. @param {string} folder @param {string} ending */
async function arrived(folder, ending) {
    for (let n = 0; n < 2400; n++) {
        const name = readdirSync(folder).find((it) => it.endsWith(ending));
        if (name && existsSync(join(folder, name)) && readFileSync(join(folder, name)).length > 0) return name;
        await pause(25);
    }
    return assert.fail(`no ${ending} came: ${readdirSync(folder).join(", ")}`);
}
