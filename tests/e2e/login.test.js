// @ts-check
// Logging in with real browsers, keys and accounts by keyboard, and what pages of another origin cannot do meanwhile.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ExitBrowser } from "./exit_browser.js";
import { silent } from "./packages.js";
import { lookAt } from "./pictures.js";
import { says, until, visible } from "./until.js";
import { World } from "./world.js";

/** @typedef {import("puppeteer-core").Page} Page */

const PASSWORD = "a horse, correct";

/** @type {World} */
let world;
const folder = mkdtempSync(join(tmpdir(), "seattime-login-"));
before(async () => {
    world = await World.begin();
    await account({ name: "anna@example.org", role: "admin", password: PASSWORD });
    await account({ name: "berta@example.org", role: "trainer", password: PASSWORD });
});
after(async () => {
    await world.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** @param {object} wanted */
function account(wanted) {
    return world.api("/api/v1/accounts", { method: "POST", body: JSON.stringify(wanted), headers: { "content-type": "application/json" } });
}

/** Logs in by keyboard alone. @param {Page} page @param {string} url @param {string} name */
async function logIn(page, url, name) {
    await page.goto(`${url}/login/`);
    await until(page, `document.activeElement?.id === "name"`);
    await page.keyboard.type(name);
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
}

for (const kind of /** @type {const} */ (["chrome", "firefox"])) {
    test(`a login is kept on this machine, out of reach of scripts, in ${kind === "chrome" ? "Chromium" : "Firefox"}`, async () => {
        const browser = new ExitBrowser(kind, join(folder, kind));
        try {
            const page = await browser.newPage();
            for (const host of ["127.0.0.1", "localhost"]) {
                const url = world.url.replace("127.0.0.1", host);
                await logIn(page, url, "berta@example.org");
                await until(page, `location.pathname === "/reports/my-learning"`);
                const me = await page.evaluate(`fetch("/api/v1/me").then((it) => it.json())`);
                assert.deepEqual(me, { role: "trainer", name: "berta@example.org", tenant: "default" }, host);
                assert.equal(await page.evaluate("document.cookie"), "", host);
                // Cookies know no ports; the other face takes none.
                await page.goto(`${world.runUrl.replace("127.0.0.1", host)}/livez`);
                assert.equal(await page.evaluate("document.cookie"), "", host);
                assert.equal(await page.evaluate(`fetch("/api/v1/me").then((it) => it.status)`), 404, host);
            }
        } finally {
            await browser.close();
        }
    });
}

test("an administrator makes a key and an account by keyboard alone, and sees the key once", async () => {
    const page = await (await world.newDevice()).newPage();
    const seen = { page, read: (/** @type {string} */ script) => page.evaluate(script) };
    await page.goto(`${world.url}/admin/`);
    await until(page, `location.pathname === "/login/"`);
    await until(page, `document.activeElement?.id === "name"`);
    await lookAt(seen, "login");
    await page.keyboard.type("anna@example.org");
    await page.keyboard.press("Tab");
    await page.keyboard.type("not the password");
    await page.keyboard.press("Enter");
    await says(page, "no such name with this password");
    await page.evaluate(`document.getElementById("password").select()`);
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await until(page, `location.pathname === "/admin/"`);
    await says(page, "key of the server");

    await page.focus("#key-name");
    await page.keyboard.type("LMS of the harbour");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space"); // Launching courses.
    await page.keyboard.press("Enter");
    await says(page, "it is not shown again");
    const key = String(await page.evaluate(`document.querySelector(".shown code").textContent`));
    const asked = async () => (await fetch(`${world.url}/api/v1/packages`, { headers: { authorization: `Bearer ${key}` } })).status;
    assert.equal(await asked(), 200);
    await lookAt(seen, "admin");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "I have kept it");
    await page.keyboard.press("Enter");
    assert.ok(!String(await page.content()).includes(key), "it is shown once");

    const remove = "[aria-label='Delete the key LMS of the harbour']";
    await page.focus(remove);
    await page.keyboard.press("Enter");
    await says(page, "Delete it: it ends now");
    assert.equal(await asked(), 200, "one press is not enough");
    await page.keyboard.press("Enter");
    // What the button is called is another thing while it asks; that it is gone, its row says.
    await until(page, () => !document.querySelector("#keys")?.textContent?.includes("LMS of the harbour"));
    assert.equal(await asked(), 401);

    await page.focus("#account-name");
    await page.keyboard.type("clara.of.the.engine.room.and.of.the.radio.room@department.example.org");
    await page.focus("#groups");
    await page.keyboard.type("Deck");
    await page.keyboard.press("Tab");
    await page.keyboard.type("short");
    await page.keyboard.press("Enter");
    await says(page, "the password has 5 characters");
    await page.evaluate(`document.getElementById("password").select()`);
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await visible(page, "[aria-label='Change clara.of.the.engine.room.and.of.the.radio.room@department.example.org']");
    await page.focus("[aria-label='Change clara.of.the.engine.room.and.of.the.radio.room@department.example.org']");
    await page.keyboard.press("Enter");
    await says(page, "Change clara.of.the.engine.room.and.of.the.radio.room@department.example.org");
    await lookAt(seen, "admin-change");
    await page.focus("#groups");
    await page.keyboard.down("Control");
    await page.keyboard.press("End");
    await page.keyboard.up("Control");
    await page.keyboard.type("\nEngine");
    await page.focus("#account-button");
    await page.keyboard.press("Enter");
    await says(page, "Deck, Engine");
    await lookAt(seen, "admin-accounts");
    const { accounts } = await world.api("/api/v1/accounts");
    const clara = accounts.find((/** @type {any} */ it) => it.name === "clara.of.the.engine.room.and.of.the.radio.room@department.example.org");
    assert.deepEqual([clara.role, clara.groups, clara.version], ["trainer", ["Deck", "Engine"], 2]);
    assert.equal(await page.evaluate(`document.querySelector("[aria-label='Delete anna@example.org']")`), null, "nobody deletes themselves");

    await page.focus("#leave");
    await page.keyboard.press("Enter");
    await until(page, `location.pathname === "/login/"`);
    assert.equal(await page.evaluate(`fetch("/api/v1/me").then((it) => it.status)`), 401);
    await page.close();
});

test("a trainer is told whose page this is", async () => {
    const page = await (await world.newDevice()).newPage();
    await logIn(page, world.url, "berta@example.org");
    await until(page, `location.pathname === "/reports/my-learning"`);
    await page.goto(`${world.url}/admin/`);
    await says(page, "This page is for administrators");
    await page.close();
});

test("content reaches nothing of whoever is logged in in its browser, and shows no page of theirs", async () => {
    const device = await world.newDevice();
    const page = await device.newPage();
    await logIn(page, world.url, "anna@example.org");
    await until(page, `location.pathname === "/admin/"`);
    const keys = async () => (await world.api("/api/v1/keys")).keys.length;
    const had = await keys();

    const topic = await world.importPackage(await silent("1.2", "Evil"), "Evil");
    const course = await world.launch(topic, "evil", { device });
    /** @param {string} script */
    const inContent = (script) => course.inContent(script);
    // Bad input 37: what a page may send to any other without being asked back.
    for (const kind of ["text/plain", "application/x-www-form-urlencoded"]) {
        await inContent(`fetch("${world.url}/api/v1/keys", { method: "POST", mode: "no-cors", credentials: "include",
            headers: { "content-type": "${kind}" }, body: '{"name":"evil","scopes":["admin"]}' }).then(() => 0, () => 0)`);
    }
    assert.equal(await keys(), had);
    const read = `fetch("${world.url}/api/v1/keys", { credentials: "include" }).then((it) => it.text(), () => "nothing")`;
    assert.equal(await inContent(read), "nothing");
    assert.equal(await inContent("document.cookie"), "");
    // What content can read of its own launch opens no report.
    const token = await course.read(`sessionStorage.getItem("seattime.launch")`);
    const report = await fetch(`${world.url}/api/v1/report`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(report.status, 401);
    await course.close();

    // Bad input 38: pages of the app face in a frame, of content's origin and of their own.
    for (const from of [`${world.runUrl}/livez`, `${world.url}/livez`]) {
        const other = await device.newPage();
        await other.goto(from);
        for (const path of ["/admin/", "/login/", "/reports/my-learning", "/packages/"]) {
            const shown = await other.evaluate(async (url) => {
                const frame = document.createElement("iframe");
                const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
                frame.src = url;
                document.body.append(frame);
                await loaded;
                return frame.contentDocument?.title ?? "nothing of it";
            }, world.url + path);
            assert.equal(shown, "nothing of it", `${path} in ${from}`);
            const frames = other.frames().map((it) => it.url());
            assert.ok(frames.at(-1)?.startsWith("chrome-error:"), `${path} in ${from}: ${frames}`);
        }
        await other.close();
    }
    await page.close();
});
