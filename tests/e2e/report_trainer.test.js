// @ts-check
// The report as a trainer of one group reads it: logged in, kept as a bookmark, and out again.
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
import { says, until, visible } from "./until.js";
import { World } from "./world.js";

const [NAME, PASSWORD] = ["berta@example.org", "a horse, correct"];
const COURSE = "Safety on board";

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** @param {string} path @param {object} wanted */
const post = (path, wanted) => world.api(path, { method: "POST", body: JSON.stringify(wanted), headers: { "content-type": "application/json" } });

test("a trainer logs in from a bookmark, reads one group and nobody else, takes a file along, and logs out", async () => {
    await world.importPackage(await silent("2004", "Fire drill"), COURSE);
    for (const [id, group] of [["Anna", "Deck"], ["Carla", "Engine"], ["Dora", "Deck"]]) {
        await post("/api/v1/enrolments", { learner: { id, name: id, groups: [group] }, course: COURSE });
    }
    await post("/api/v1/accounts", { name: NAME, role: "trainer", password: PASSWORD, groups: ["Deck"] });

    const device = await world.newDevice();
    const page = await device.newPage();
    /** @type {unknown[]} */
    const failures = [];
    page.on("pageerror", (failure) => failures.push(failure));
    const seen = { page, read: (/** @type {string} */ script) => page.evaluate(script) };
    await page.goto(`${world.url}/reports/my-learning?sort=learner&order=desc`);
    await visible(page, "#login:not([hidden])");
    await lookAt(seen, "report-login");
    await page.focus("#login-link");
    await page.keyboard.press("Enter");
    await until(page, `document.activeElement?.id === "name"`);
    await page.keyboard.type(NAME);
    await page.keyboard.press("Tab");
    await page.keyboard.type(`${PASSWORD}\n`);

    // Back at what was asked for.
    await visible(page, "tr.row");
    assert.equal(new URL(page.url()).search, "?sort=learner&order=desc");
    const told = await page.evaluate("[...document.querySelectorAll('tr.row td.learner')].map((it) => it.innerText)");
    assert.deepEqual(told, ["Dora", "Anna"]);
    const top = String(await page.evaluate("document.querySelector('main').innerText"));
    assert.match(top, /Learners of Deck, as of /);
    assert.ok(top.includes(NAME), top);
    assert.equal(await page.evaluate("document.querySelector('#trainer').hidden && document.querySelector('#to-admin').hidden"), true);
    await lookAt(seen, "report-trainer");

    const folder = mkdtempSync(join(tmpdir(), "seattime-export-"));
    const cdp = await page.createCDPSession();
    await cdp.send("Page.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
    await page.focus("[data-format=csv]");
    await page.keyboard.press("Enter");
    const named = () => readdirSync(folder).find((it) => it.endsWith(".csv"));
    for (let n = 0; !named() && n < 2400; n++) await pause(25);
    const file = join(folder, named() ?? "none");
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\r\n") : [];
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    assert.equal(lines.length, 3, lines.join("\n"));
    assert.ok(lines[1]?.includes("Dora") && lines[2]?.includes("Anna"), lines.join("\n"));

    assert.equal(await page.evaluate("document.querySelector('#to-packages').hidden"), true, "what packages do is learnt from learners of all groups");
    await page.focus("#leave");
    await page.keyboard.press("Enter");
    await until(page, `location.pathname === "/login/"`);
    await page.goto(`${world.url}/reports/my-learning`);
    await visible(page, "#login:not([hidden])");
    assert.equal(await page.evaluate("document.querySelectorAll('tr.row').length"), 0);
    assert.deepEqual(failures, []);

    // A trainer of all learners reads how packages report, too, without a key.
    await post("/api/v1/accounts", { name: "all", role: "trainer", password: PASSWORD });
    await page.goto(`${world.url}/login/?next=/packages/`);
    await page.type("#name", "all");
    await page.type("#password", `${PASSWORD}\n`);
    await says(page, "Fire drill");
    assert.equal(await page.evaluate("document.querySelector('#key-form').hidden"), true, "whoever is logged in needs no key");
    await lookAt(seen, "packages-trainer");
    await page.close();
});
