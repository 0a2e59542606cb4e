// @ts-check
// The exit matrix: every way out of a page, with every size of state, in each browser, in real time.
//
//     node tests/e2e/exits.js [--browser chrome|firefox|both] [--exit NAME] [--state NAME] [--out FILE]
//
// Each case says what the server acknowledged before any next visit, then opens that visit in the same profile
// and compares what content reads there with what it set.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ExitBrowser } from "./exit_browser.js";
import { Link } from "./link.js";
import { silent } from "./packages.js";
import { Testbed } from "./testbed.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./bare.js").Browser} BrowserName */

const CHECKPOINT_MS = 5_000;
/** What a page that goes away has sent has arrived by then. */
const AT_ONCE_MS = 1_500;
const TOLERANCE_MS = 1_500;
const SLOW_MS = 3_000;
const RECORDS = 320;
const RESPONSE = 620;

/** Texts of a state: how many characters of suspend data, and how many answers. */
const STATES = /** @type {Record<string, { suspended: number, records: number }>} */ ({
    "small": { suspended: 300, records: 0 },
    "64,000 characters": { suspended: 64_000, records: 0 },
    "1 MiB": { suspended: 1 << 20, records: 0 },
    "200 KB of interactions": { suspended: 300, records: RECORDS },
});

/** @typedef {{ profile: ExitBrowser, page: Page, link: Link }} Scene */
/** @typedef {{ leave: (scene: Scene) => Promise<void>, atOnceMs: number, isAbrupt?: boolean, isReload?: boolean, before?: (scene: Scene) => void, after?: (scene: Scene) => void }} Exit */

const EXITS = /** @type {Record<string, Exit>} */ ({
    "close tab": { leave: ({ page }) => page.close(), atOnceMs: AT_ONCE_MS },
    "navigate away": { leave: async ({ page }) => void (await page.goto("about:blank")), atOnceMs: AT_ONCE_MS },
    "reload": { leave: async ({ page }) => void (await page.reload()), atOnceMs: 0, isReload: true },
    "tab crashes": { leave: ({ profile, page }) => profile.crash(page), atOnceMs: AT_ONCE_MS, isAbrupt: true },
    "browser killed": { leave: ({ profile }) => profile.kill(), atOnceMs: AT_ONCE_MS, isAbrupt: true },
    "offline": {
        before: ({ link }) => link.cut(),
        leave: ({ page }) => page.close(),
        after: ({ link }) => link.mend(),
        atOnceMs: AT_ONCE_MS,
    },
    "3 s link, back after 1 s": {
        before: ({ link }) => void (link.delayMs = SLOW_MS),
        leave: ({ page }) => page.close(),
        after: ({ link }) => void (link.delayMs = 0),
        atOnceMs: 1_000,
    },
});

/** What content does, as one expression: sets everything, and says whether each call was taken. @param {{ suspended: number, records: number }} state */
function filling({ suspended, records }) {
    return `(() => {
        const all = new Set([call("SetValue", "cmi.suspend_data", ${text(suspended)}), call("SetValue", "cmi.location", "page-9"),
            call("SetValue", "cmi.completion_status", "completed"), call("SetValue", "cmi.score.raw", "83"), call("SetValue", "cmi.exit", "suspend")]);
        for (let n = 0; n < ${records}; n++) {
            for (const [part, value] of [["id", "q" + n], ["type", "other"], ["learner_response", String(n).padEnd(${RESPONSE}, "antwort ")]]) {
                all.add(call("SetValue", "cmi.interactions." + n + "." + part, value));
            }
        }
        return [...all].join();
    })()`;
}

/** @param {number} characters */
function text(characters) {
    return `"abcdefghijklmnop\\n\\"ä ü".repeat(${Math.ceil(characters / 21)}).slice(0, ${characters})`;
}

/** What of it the next visit does not read as it was set: names, joined. @param {{ suspended: number, records: number }} state */
function comparing({ suspended, records }) {
    return `(() => {
        const wrong = [];
        const is = (name, value) => call("GetValue", name) === value || wrong.push(name + " (" + call("GetValue", name).length + " characters)");
        is("cmi.suspend_data", ${text(suspended)});
        is("cmi.location", "page-9");
        is("cmi.completion_status", "completed");
        is("cmi.score.raw", "83");
        is("cmi.entry", "resume");
        is("cmi.interactions._count", "${records}");
        for (let n = 0; n < ${records}; n++) is("cmi.interactions." + n + ".learner_response", String(n).padEnd(${RESPONSE}, "antwort "));
        return wrong.slice(0, 4).join(", ");
    })()`;
}

/**
 * What the server acknowledged of a visit from the page itself, not from the next one.
 *
 * @param {Link} link
 * @param {string} visit
 * @param {{ suspended: number, records: number }} state
 * @param {number} lastedMs
 */
function arrived(link, visit, state, lastedMs) {
    const mine = link.passed.filter((it) => it.visit === visit && it.message.stretches && it.message.reason !== "replay");
    /** @type {Set<string>} */
    const names = new Set();
    let records = 0;
    let measuredMs = 0;
    for (const { message, answer } of mine) {
        measuredMs = Math.max(measuredMs, message.totals.measured_ms);
        for (const session of message.sessions) {
            for (const name of Object.keys(session.set ?? {})) names.add(name);
            if (!answer.need_full) for (const name of Object.keys(session.parted ?? {})) names.add(name);
            records += Object.keys(session.records?.["cmi.interactions"] ?? {}).length;
        }
    }
    const has = (/** @type {string[]} */ ...all) => all.every((it) => names.has(it));
    const hasShort = has("cmi.location", "cmi.completion_status", "cmi.score.raw");
    if (hasShort && has("cmi.suspend_data") && records >= state.records) return "everything";
    if (hasShort) return "time, status, score, location";
    if (mine.length === 0 || measuredMs === 0) return "nothing";
    return measuredMs >= lastedMs - CHECKPOINT_MS - TOLERANCE_MS ? "time" : `${measuredMs} ms`;
}

/** The server, the way to it and one topic. */
class Ground {
    /** @param {Testbed} server @param {Link} link @param {string} topic */
    constructor(server, link, topic) {
        this.server = server;
        this.link = link;
        this.topic = topic;
        let [toldMs, isAsked] = [Date.now(), false];
        this.told = Promise.resolve();
        // The testbed's clock goes as the browsers' does.
        this.clock = setInterval(() => {
            if (isAsked) return;
            const nowMs = Date.now();
            isAsked = true;
            this.told = server.order(`advance ${nowMs - toldMs}`).finally(() => (isAsked = false));
            toldMs = nowMs;
        }, 20);
    }

    /** Stops the clock; what the testbed was told last, it has heard. */
    async end() {
        clearInterval(this.clock);
        await this.told;
    }

    /** @param {string} path @param {{ method?: string, body?: any, headers?: Record<string, string> }} [more] */
    async api(path, more = {}) {
        const headers = { authorization: `Bearer ${this.server.key}`, "content-type": "application/json", ...more.headers };
        const response = await fetch(this.server.at(path), { ...more, headers });
        const answer = await response.json();
        if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
        return answer;
    }

    /** @param {Page} page @param {string} learner */
    async open(page, learner) {
        const body = JSON.stringify({ learner: { id: learner, name: learner }, topic: this.topic, mode: "continue" });
        const { url } = await this.api("/api/v1/launches", { method: "POST", body, headers: { "idempotency-key": `${learner} ${Math.random()}` } });
        await page.goto(this.link.url + url.replace(/^https?:\/\/[^/]+/, ""), { waitUntil: "domcontentloaded" });
        await ready(page);
    }
}

/** @param {Page} page */
async function ready(page) {
    const state = "frames.length > 0 && frames[0].isReady === true && frames[0].document.readyState === 'complete'";
    for (let n = 0; !(await page.evaluate(state).catch(() => false)); n++) {
        if (n > 600) throw new Error(`the content is not ready: ${await page.evaluate("document.body.innerText").catch(String)}`);
        await pause(100);
    }
}

/** @param {Page} page @param {string} expression */
function inContent(page, expression) {
    return page.evaluate(`frames[0].eval(${JSON.stringify(expression)})`);
}

/**
 * @param {Ground} ground
 * @param {ExitBrowser} profile
 * @param {string} exitName
 * @param {string} stateName
 */
async function take(ground, profile, exitName, stateName) {
    const { link } = ground;
    const [exit, state] = [EXITS[exitName], STATES[stateName]];
    const learner = `${profile.name}, ${exitName}, ${stateName}`;
    const page = await profile.newPage();
    const scene = { profile, page, link };
    await ground.open(page, learner);
    const beganMs = Date.now();
    await pause(2_000);
    // The visit is the one whose id the page's Web Lock bears.
    const visit = String(await page.evaluate(`navigator.locks.query().then((it) => it.held[0].name.slice("seattime:".length))`));
    exit.before?.(scene);
    const taken = await inContent(page, filling(state));
    if (taken !== "true") throw new Error(`content was told ${taken}`);
    const setMs = Date.now();
    if (exit.isAbrupt) await pause(CHECKPOINT_MS + 1_500);
    const leftMs = Date.now();
    await exit.leave(scene);
    if (!exit.isReload) await pause(exit.atOnceMs);
    const atOnce = () => arrived(link, visit, state, leftMs - beganMs);
    let early = atOnce();
    if (exitName === "offline") exit.after?.(scene);
    const backMs = Date.now();
    const next = exit.isReload ? page : await profile.newPage();
    if (exit.isReload) await ready(next);
    else await ground.open(next, learner);
    const openedMs = Date.now() - backMs;
    if (exit.isReload) early = atOnce();
    const wrong = String(await inContent(next, comparing(state)));
    exit.after?.(scene);
    const { rows } = await ground.api(`/api/v1/report?learner=${encodeURIComponent(learner)}`);
    const measuredMs = rows[0].details[0].measured_ms;
    await next.close();
    const lostMs = leftMs - beganMs - measuredMs;
    const mayLoseMs = exit.isAbrupt ? CHECKPOINT_MS : 0;
    const isTimed = lostMs <= mayLoseMs + TOLERANCE_MS && lostMs >= -TOLERANCE_MS;
    const faults = [wrong && `differs: ${wrong}`, isTimed ? "" : `time: ${measuredMs} ms of ${leftMs - beganMs}`];
    return { early, openedMs, filledMs: setMs - beganMs, lostMs, fault: faults.filter(Boolean).join("; ") };
}

const { values: options } = parseArgs({
    options: {
        browser: { type: "string", default: "both" },
        exit: { type: "string" },
        state: { type: "string" },
        out: { type: "string" },
    },
});
const browsers = /** @type {BrowserName[]} */ (options.browser === "both" ? ["chrome", "firefox"] : [options.browser]);
if (browsers.some((it) => !["chrome", "firefox"].includes(it))) throw new Error(`found --browser ${options.browser}, expected chrome, firefox or both`);

const folder = mkdtempSync(join(tmpdir(), "seattime-exits-"));
const server = await Testbed.start(join(folder, "data"), Date.now());
const link = await new Link(server.runUrl).open();
const zip = await silent("2004");
const imported = await fetch(`${server.url}/api/v1/packages?course=Exits`, {
    method: "POST", body: zip, headers: { authorization: `Bearer ${server.key}`, "content-type": "application/zip" },
});
const ground = new Ground(server, link, (await imported.json()).topic);
const lines = [];
let faults = 0;
for (const browser of browsers) {
    const profile = new ExitBrowser(browser, join(folder, browser));
    lines.push("", `${browser === "chrome" ? "Chromium" : "Firefox"} ${await profile.version()}:`, "",
        "| exit | state | arrives at once | the next visit reads | ready after | time lost |", "|---|---|---|---|---|---|");
    for (const exit of Object.keys(EXITS).filter((it) => (options.exit ?? it) === it)) {
        for (const state of Object.keys(STATES).filter((it) => (options.state ?? it) === it)) {
            let line;
            try {
                const { early, fault, openedMs, lostMs } = await take(ground, profile, exit, state);
                if (fault) faults++;
                const lost = Math.max(0, lostMs) / 1000;
                line = `| ${exit} | ${state} | ${early} | ${fault || "everything"} | ${(openedMs / 1000).toFixed(1)} s | ${lost.toFixed(1)} s |`;
            } catch (failure) {
                faults++;
                line = `| ${exit} | ${state} | ? | ${String(failure).slice(0, 200).replaceAll(/[\n|]/g, " ")} | | |`;
                await profile.kill();
            }
            link.mend();
            link.delayMs = 0;
            lines.push(line);
            console.log(`${browser} ${line}`);
        }
    }
    await profile.close();
}
await ground.end();
link.close();
await server.kill();
rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
if (options.out) writeFileSync(options.out, `${lines.join("\n").trim()}\n`);
console.log(`${faults} of the cases are faults`);
process.exitCode = faults === 0 ? 0 : 1;
