// @ts-check
// The fault that this project grew out of, in its four cases: each has its right time and attempts in the report.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), the report is kept there as pictures.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ENDED, IT, READY, inFrame } from "./medium.js";
import { silent, wallClock } from "./packages.js";
import { lookAt } from "./pictures.js";
import { RealTime, near, passed } from "./real_time.js";
import { ROOT } from "./testbed.js";
import { giveKey, until } from "./until.js";

/** @typedef {import("./real_time.js").Tab} Tab */

const LEARNER = "Muster, Anna";
const IS_CONTENT_READY = "frames.length > 0 && frames[0].isReady === true";
/** How long the film and the tone are, by the tool that made them. */
const [FILM_S, TONE_S] = [4.03, 4];
/** So long a course of our own is looked at. */
const LOOKED_S = 4;

/** @type {RealTime} */
let world;
before(async () => void (world = await RealTime.begin()));
after(() => world.end());

/** @param {string} name */
const media = (name) => readFileSync(join(ROOT, "tests/media", name));

/** The learner leaves, and is told that all is saved. @param {Tab} tab */
async function leave(tab) {
    await tab.page.click("#leave");
    await tab.until("document.body.innerText.includes('Everything is saved')");
    assert.deepEqual(tab.failures, []);
    await tab.close();
}

/** A film or tone is played to its end. @param {string} title @param {string} file */
async function play(title, file) {
    const tab = await world.take(await world.importMedia({ title, course: "The fault", file: media(file) }), LEARNER, READY);
    await tab.until("document.activeElement === document.getElementById('content')");
    await tab.page.keyboard.press("Space");
    await inFrame(tab, ENDED);
    assert.equal(await inFrame(tab, `${IT}.ended`), true);
    await leave(tab);
}

/** A package is looked at; answers the seconds from before it is opened until it is left. @param {Uint8Array} zip @param {string[]} modes */
async function look(zip, ...modes) {
    const { topic } = await world.api("/api/v1/packages?course=The%20fault", zip);
    const began = performance.now();
    for (const mode of modes) {
        const tab = await world.take(topic, LEARNER, IS_CONTENT_READY, mode);
        await tab.read(passed(LOOKED_S / modes.length));
        await leave(tab);
    }
    return (performance.now() - began) / 1000;
}

test("a new video, a new audio, a course that reports only session_time, and one that reports nothing", async () => {
    await play("A film", "film.webm");
    await play("A tone", "tone.ogg");
    const onlyS = await look(await wallClock("1.2", "Only session_time"), "continue");
    const nothingS = await look(await silent("1.2", "Nothing at all"), "continue", "new");

    /** @type {Record<string, { seconds: number, spare: number, attempts: number, provenance: string }>} */
    const truth = {
        "A film": { seconds: FILM_S, spare: 0, attempts: 1, provenance: "media" },
        "A tone": { seconds: TONE_S, spare: 0, attempts: 1, provenance: "media" },
        // It counts by the wall clock, in whole seconds, from its own start on. Opening, looking and leaving take a moment
        // more than the looking, on a busy machine a longer one: as long as it took from outside, at most.
        "Only session_time": { seconds: LOOKED_S, spare: onlyS - LOOKED_S, attempts: 1, provenance: "reported" },
        "Nothing at all": { seconds: LOOKED_S, spare: nothingS - LOOKED_S, attempts: 2, provenance: "measured" },
    };
    const { rows } = await world.api(`/api/v1/report?learner=${encodeURIComponent(LEARNER)}`);
    assert.deepEqual(rows.map((/** @type {any} */ it) => it.topic).sort(), Object.keys(truth).sort());
    const page = await world.newTab();
    await page.goto(`${world.url}/reports/my-learning`);
    await giveKey(page, world.key);
    await until(page, "document.querySelectorAll('tr.row').length === 4");
    const shown = /** @type {string[]} */ (await page.evaluate("[...document.querySelectorAll('tr.row')].map((it) => it.innerText)"));
    for (const row of rows) {
        const { seconds, spare, attempts, provenance } = truth[row.topic] ?? assert.fail(row.topic);
        const over = row.time_spent_ms / 1000 - seconds;
        if (spare > 0) assert.ok(over >= -0.3 && over <= spare, `${row.topic}: ${row.time_spent_ms} ms, expected ${seconds} s`);
        else near(row.time_spent_ms, seconds, row.topic);
        assert.deepEqual([row.attempts, row.provenance], [attempts, provenance], row.topic);
        // What is asked is what is seen: never `0h 0m 0s`, and the attempts in their column.
        const cells = (shown.find((it) => it.includes(row.topic)) ?? "").split(/\t|\n/).map((it) => it.trim());
        const time = cells.find((it) => /^\d+h \d+m \d+s$/.test(it)) ?? "";
        assert.equal(time, `0h 0m ${Math.floor(row.time_spent_ms / 1000)}s`, cells.join("; "));
        assert.ok(cells.includes(String(attempts)), `${attempts} attempts of ${row.topic}: ${cells.join("; ")}`);
    }
    // A row opens to what each attempt came to, and to which parts of a film were seen.
    const each = rows.find((/** @type {any} */ it) => it.topic === "Nothing at all").by_attempt;
    assert.ok(each.every((/** @type {any} */ it) => it.credited_ms >= 1700), JSON.stringify(each));
    const [one, other] = each.map((/** @type {any} */ it) => it.time_spent);
    for (const [of, text] of [["Nothing at all", `By attempt: attempt 1: ${one} · attempt 2: ${other}`], ["A film", "0h 0m [34]s of 0h 0m 4s \\((100|9\\d) %\\) seen"]]) {
        await page.click(`[aria-label^="Details of ${of}"]`);
        await until(page, (it) => new RegExp(it).test(document.body.innerText), text);
    }
    assert.equal(await page.evaluate("document.querySelector('.covered').ariaLabel"), "All of it was seen");
    await lookAt({ page, read: (/** @type {string} */ script) => page.evaluate(script) }, "report-four", {
        shoot: (path) => page.screenshot({ path, fullPage: true }),
    });
    await page.close();
});
