// @ts-check
// Pages of an LMS, of origins of their own, in a real browser, and the server whose courses they show.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { ExitBrowser } from "./exit_browser.js";
import { playing } from "./packages.js";
import { RealTime } from "./real_time.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./bare.js").Browser} Kind */

const folder = mkdtempSync(join(tmpdir(), "seattime-lms-"));
/** The server that every test of a file shares. @type {RealTime} */
export let world;
/** @type {Map<Kind, ExitBrowser>} */
const browsers = new Map();
/** Servers of a test's own. @type {import("node:http").Server[]} */
const servers = [];

before(async () => void (world = await RealTime.begin()));
after(async () => {
    for (const it of browsers.values()) await it.close();
    for (const it of servers) it.closeAllConnections();
    for (const it of servers) it.close();
    await world.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** @param {Kind} kind @returns {Promise<Page>} */
export function newPage(kind) {
    const known = browsers.get(kind) ?? new ExitBrowser(kind, join(folder, kind));
    browsers.set(kind, known);
    return known.newPage();
}

/** @param {import("node:http").RequestListener} answer @returns {Promise<number>} Its port. */
export async function listen(answer) {
    const server = createServer(answer);
    servers.push(server);
    await new Promise((resolve) => server.listen(0, () => resolve(undefined)));
    return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

/** A page of an LMS, of an origin of its own; what content says to it is in `said`. @param {string} body @returns {Promise<number>} Its port. */
export function lms(body) {
    const page = `<!doctype html><title>LMS</title><style>iframe, object { width: 1000px; height: 700px }</style>
        <script>window.said = []; addEventListener("message", (event) => said.push(event.data))</script>${body}`;
    return listen((_, response) => void response.writeHead(200, { "content-type": "text/html" }).end(page));
}

let launches = 0;

/** @param {string} topic @param {string} learner @param {RealTime} [at] @returns {Promise<string>} */
export async function launch(topic, learner, at = world) {
    const body = { learner: { id: learner, name: learner }, topic };
    return (await at.api("/api/v1/launches", body, { "idempotency-key": `hosts-${++launches}` })).url;
}

/** @param {string} title @param {string} body @param {object} [more] @param {RealTime} [at] @returns {Promise<string>} The topic. */
export async function imported(title, body, more = {}, at = world) {
    const zip = await playing(title, body, /** @type {any} */ (more));
    return (await at.api(`/api/v1/packages?course=${encodeURIComponent(title)}`, zip)).topic;
}

/** The player, in whichever frame of a page it is. @param {Page} page */
export async function player(page) {
    for (;;) {
        const found = page.frames().find((it) => it.url().includes("/player/"));
        if (found) return found;
        await new Promise((resolve) => page.once("frameattached", resolve).once("framenavigated", resolve));
    }
}

/** Waits until the player in a frame says something. @param {Page} page @param {string} text */
export async function playerSays(page, text) {
    const frame = await player(page);
    await frame.waitForFunction((it) => document.body?.innerText.includes(it), { polling: 50, timeout: 30_000 }, text)
        .catch(async (error) => { throw new Error(`waited for ${text}, but the player says ${await frame.evaluate("document.body.innerText")}`, { cause: error }); });
}

// Says to the LMS, whichever frame that is, what the API answers.
export const TELLS = `<p>Content</p><script>addEventListener("load", function () {
    top.postMessage([call("SetValue", "cmi.core.lesson_status", "completed"), call("Commit")].join(), "*");
})</script>`;
