// @ts-check
// The shipped server and a browser in real time: for what no test clock can move, which is media that play.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import puppeteer from "puppeteer-core";
import { ROOT, program } from "./testbed.js";

const KEY = "a-key-for-stories-in-real-time-which-is-long-enough";

/** Of real playback, 0.3 s and 1 % are the browser's; of media time, so many times more as it plays faster. @param {number} actualMs @param {number} expectedS @param {string} what @param {number} [rate] */
export function near(actualMs, expectedS, what, rate = 1) {
    const isNear = Math.abs(actualMs / 1000 - expectedS) <= 0.3 * rate + 0.01 * expectedS;
    assert.ok(isNear, `${what}: ${actualMs} ms, expected ${expectedS} s`);
}

/** Resolves when an element has played to its end. @param {string} element */
export const ended = (element) => `new Promise((resolve) => ${element}.ended ? resolve() : ${element}.addEventListener("ended", resolve))`;
/** Resolves when an element has come to a second. @param {string} element @param {number} second */
export const reached = (element, second) => `new Promise((resolve) => {
    const look = () => ${element}.currentTime >= ${second} && (${element}.removeEventListener("timeupdate", look), resolve());
    ${element}.addEventListener("timeupdate", look);
})`;
/** Resolves after so many real seconds. @param {number} seconds */
export const passed = (seconds) => `new Promise((resolve) => setTimeout(resolve, ${seconds * 1000}))`;

/** Page and server, and time as it goes. */
export class RealTime {
    /** @type {string} */ #data = "";
    #launches = 0;
    /** @type {import("node:child_process").ChildProcess | undefined} */ #server;
    /** @type {import("puppeteer-core").Browser | undefined} */ #browser;
    /** The app face: the API and the report. */ url = "";
    /** The run face: player, content and commits. */ runUrl = "";
    /** Is given each tab before it loads anything. @type {((page: import("puppeteer-core").Page) => Promise<unknown>) | undefined} */
    onTab;

    /** @param {string[]} options What the server is started with besides. */
    static async begin(...options) {
        const world = new RealTime();
        await world.#begin(options).catch(async (error) => {
            await world.end();
            throw error;
        });
        return world;
    }

    /** @param {string[]} options */
    async #begin(options) {
        this.#data = mkdtempSync(join(tmpdir(), "seattime-real-"));
        const binary = program("SEATTIME_BIN", join(ROOT, "target/release/seattime"));
        const server = spawn(binary, ["serve", "--port", "0", "--data", this.#data, ...options], {
            stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, SEATTIME_API_KEY: KEY },
        });
        this.#server = server;
        [this.url, this.runUrl] = await new Promise((/** @type {(faces: string[]) => void} */ resolve, reject) => {
            /** @type {string[]} */ const faces = [];
            server.once("error", reject);
            server.once("exit", () => reject(new Error("the server ended before it listened")));
            createInterface({ input: server.stdout }).on("line", (line) => {
                const found = /http:\/\/[\d.]+:\d+/.exec(line);
                if (found && faces.push(found[0]) === 2) resolve(faces);
            });
        });
        this.#browser = await puppeteer.launch({
            executablePath: program("CHROMIUM", "/usr/bin/chromium"),
            headless: true,
            args: [
                "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                "--autoplay-policy=no-user-gesture-required",
            ],
        });
    }

    async end() {
        await this.#browser?.close();
        const server = this.#server;
        if (server && server.exitCode === null) {
            const ended = new Promise((resolve) => server.once("exit", resolve));
            server.kill("SIGTERM");
            await ended;
        }
        rmSync(this.#data, { recursive: true, force: true, maxRetries: 5 });
    }

    /** The tenant's API key. */
    get key() {
        return KEY;
    }

    /** A tab of its own, without a course. */
    newTab() {
        assert.ok(this.#browser);
        return this.#browser.newPage();
    }

    /**
     * @param {string} path
     * @param {any} [body] A zip, or what becomes JSON.
     * @param {Record<string, string>} [headers]
     * @returns {Promise<any>}
     */
    async api(path, body, headers = {}) {
        const isBytes = body instanceof Uint8Array;
        const response = await fetch(this.url + path, {
            method: body === undefined ? "GET" : "POST",
            body: body === undefined || isBytes ? /** @type {any} */ (body) : JSON.stringify(body),
            headers: {
                authorization: `Bearer ${KEY}`,
                "content-type": isBytes ? "application/zip" : "application/json",
                ...headers,
            },
        });
        const answer = await response.json();
        assert.ok(response.ok, `${path}: ${response.status} ${JSON.stringify(answer)}`);
        return answer;
    }

    /** Where a learner reads what they did. @param {string} learner @returns {Promise<string>} */
    async reportUrl(learner) {
        return (await this.api("/api/v1/reports/links", { learner })).url;
    }

    /**
     * Imports a package and opens it in a tab of its own.
     *
     * @param {Buffer} zip
     * @param {string} learner
     */
    async launch(zip, learner) {
        const { topic } = await this.api("/api/v1/packages?course=Media", zip);
        return this.take(topic, learner, "frames.length > 0 && frames[0].isReady === true");
    }

    /**
     * Imports a video or audio.
     *
     * @param {Record<string, string | Buffer>} fields
     * @returns {Promise<string>} The topic.
     */
    async importMedia(fields) {
        const body = new FormData();
        for (const [name, it] of Object.entries(fields)) body.set(name, typeof it === "string" ? it : new Blob([new Uint8Array(it)]));
        const response = await fetch(`${this.url}/api/v1/media`, { method: "POST", body, headers: { authorization: `Bearer ${KEY}` } });
        const answer = await response.json();
        assert.ok(response.ok, JSON.stringify(answer));
        return answer.topic;
    }

    /**
     * Opens a topic in a tab of its own.
     *
     * @param {string} topic
     * @param {string} learner
     * @param {string} isReady What is true in the player's window once it may go on.
     * @param {string} [mode]
     */
    async take(topic, learner, isReady, mode = "continue") {
        const launch = { learner: { id: learner, name: learner }, topic, mode };
        const { url } = await this.api("/api/v1/launches", launch, { "idempotency-key": `launch-${++this.#launches}` });
        assert.ok(this.#browser);
        const page = await this.#browser.newPage();
        const tab = new Tab(page, await page.createCDPSession());
        await this.onTab?.(page);
        await page.goto(url);
        await tab.until(isReady);
        return tab;
    }

    /** Brings another tab to the front. */
    async hideAll() {
        const [first] = (await this.#browser?.pages()) ?? [];
        await first?.bringToFront();
    }

    /**
     * The report's row of a learner, once none of its sessions is open.
     *
     * @param {string} learner
     */
    closedRow(learner) {
        return this.row(learner, (it) => it.details.length > 0 && it.details.every((/** @type {any} */ one) => one.state !== "running"));
    }

    /**
     * The report's row of a learner, once it is as the story waits for.
     *
     * @param {string} learner
     * @param {(row: any) => boolean} isReady
     */
    async row(learner, isReady) {
        for (let n = 0; ; n++) {
            const { rows } = await this.api(`/api/v1/report?learner=${encodeURIComponent(learner)}`);
            if (rows.length > 0 && isReady(rows[0])) return rows[0];
            if (n > 2400) throw new Error(`the report of ${learner} stays ${JSON.stringify(rows, null, 1)}`);
            await pause(25);
        }
    }
}

/** A course in its tab. */
export class Tab {
    /** @type {unknown[]} */ failures = [];

    /**
     * @param {import("puppeteer-core").Page} page
     * @param {import("puppeteer-core").CDPSession} cdp
     */
    constructor(page, cdp) {
        this.page = page;
        this.cdp = cdp;
        page.on("pageerror", (error) => this.failures.push(error));
    }

    /**
     * Evaluates in the player's window, without a user gesture.
     *
     * @param {string} expression
     * @returns {Promise<any>}
     */
    async read(expression) {
        const { result, exceptionDetails } = await this.cdp.send("Runtime.evaluate", {
            expression, awaitPromise: true, returnByValue: true, userGesture: false,
        });
        if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
        return result.value;
    }

    /** @param {string} expression Evaluated in the content's window. */
    inContent(expression) {
        return this.read(`frames[0].eval(${JSON.stringify(expression)})`);
    }

    /** @param {string} expression */
    async until(expression) {
        for (let n = 0; !(await this.read(expression).catch(() => false)); n++) {
            if (n > 2400) throw new Error(`it never came true: ${expression}; ${this.failures}`);
            await pause(25);
        }
    }

    close() {
        return this.page.close();
    }
}
