// @ts-check
// Page, server and database under one clock, which moves only when a story says so.
//
// Every frame gets fake timers before any script. The page ticks second by second; whatever it sends is
// held until the server's clock stands where the page's does, and no second begins while a request or a
// write to IndexedDB is open. Nothing here gives the page a user gesture but `click`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import puppeteer from "puppeteer-core";
import { Course } from "./course.js";
import { ROOT, Testbed, program } from "./testbed.js";

/** @typedef {import("puppeteer-core").Page} Page */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
/** When stories begin. */
export const START_MS = Date.UTC(2031, 2, 4, 8);

/**
 * A time is what it should be, within a second.
 *
 * @param {number | null} actualMs
 * @param {number} expectedMs
 * @param {string} [what]
 */
export function near(actualMs, expectedMs, what = "") {
    const isNear = actualMs !== null && Math.abs(actualMs - expectedMs) <= SECOND;
    assert.ok(isNear, `${what} ${actualMs} ms, expected ${expectedMs} ms`);
}

/**
 * @typedef {object} Detail One part of a row: a session, or a visit's time outside every session.
 * @property {number} attempt
 * @property {string} activity
 * @property {string} state
 * @property {number} measured_ms
 * @property {number} media_ms
 * @property {number | null} reported_ms
 * @property {string} reported_state
 * @property {number} credited_ms
 * @property {string} provenance
 * @property {string[]} flags
 */

/**
 * @typedef {object} Row One learner and topic in the report.
 * @property {string} topic
 * @property {string} status
 * @property {string | null} score
 * @property {string} [best_score]
 * @property {{ status: string }} [latest]
 * @property {string} time_spent
 * @property {number} time_spent_ms
 * @property {number} measured_ms
 * @property {number} media_ms
 * @property {{ key: string, kind: string, duration_ms: number, covered_ms: number }[]} media
 * @property {{ key: string, pages: number, seen_pages: number, seen?: [number, number][] }[]} documents
 * @property {number | null} reported_ms
 * @property {string} provenance
 * @property {string[]} flags
 * @property {number} attempts
 * @property {number} last_visit_ms
 * @property {Detail[]} details
 */

/** @typedef {{ newPage: (options?: import("puppeteer-core").CreatePageOptions) => Promise<Page> }} Device What tabs are opened in. */

/** Page and server together. */
export class World {
    nowMs = START_MS;
    /** Called when a request is about to leave a page; a story may break something then. */
    /** @type {(() => void) | undefined} */ onRequest;
    /** Is given each tab of a course before it loads anything. */
    /** @type {((page: Page) => Promise<void>) | undefined} */ onTab;
    #isDown = false;
    /** @type {string} */ #data;
    #isDataOurs = true;
    /** @type {Testbed} */ #server;
    /** @type {import("puppeteer-core").Browser} */ #browser;
    /** Who waits for the others to be as far, and until when it ran. @type {((course: Course, atMs: number) => Promise<void>) | undefined} */
    #meeting;
    #launches = 0;

    /**
     * @param {Testbed} server
     * @param {import("puppeteer-core").Browser} browser
     * @param {string} data
     */
    constructor(server, browser, data) {
        [this.#server, this.#browser, this.#data] = [server, browser, data];
    }

    /** @param {string} [given] The folder that everything is kept in; one that goes with this world, if left out. */
    static async begin(given) {
        const data = given ?? mkdtempSync(join(tmpdir(), "seattime-e2e-"));
        const server = await Testbed.start(data, START_MS);
        const browser = await puppeteer.launch({
            executablePath: program("CHROMIUM", "/usr/bin/chromium"),
            headless: true,
            defaultViewport: { width: 1280, height: 800 },
            args: [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                // As Chromium is to become: `unload` happens only where it is allowed.
                "--enable-features=DeprecateUnload",
            ],
        });
        const world = new World(server, browser, data);
        world.#isDataOurs = given === undefined;
        return world;
    }

    async end() {
        await this.#browser.close().finally(() => this.kill());
        if (this.#isDataOurs) rmSync(this.#data, { recursive: true, force: true, maxRetries: 5 });
    }

    /** The app face: the API and the report. */
    get url() {
        return this.#server.url;
    }

    /** The run face: player, content and commits. */
    get runUrl() {
        return this.#server.runUrl;
    }

    /** Where a path is answered. @param {string} path */
    at(path) {
        return this.#server.at(path);
    }

    /** Where a learner reads what they did. @param {string} learner @returns {Promise<string>} */
    async reportUrl(learner) {
        const headers = { "content-type": "application/json" };
        return (await this.api("/api/v1/reports/links", { method: "POST", body: JSON.stringify({ learner }), headers })).url;
    }

    get key() {
        return this.#server.key;
    }

    /** @returns {Promise<Page>} A tab of its own. */
    newTab() {
        return this.#browser.newPage();
    }

    /** @returns {Promise<Device>} Another person's browser, or the same one's at another place: it shares nothing. */
    newDevice() {
        return this.#browser.createBrowserContext();
    }

    // --- What an LMS asks of the server ---

    /**
     * @param {string} path
     * @param {{ method?: string, body?: any, headers?: Record<string, string> }} [request]
     * @returns {Promise<any>}
     */
    async api(path, { method = "GET", body, headers = {} } = {}) {
        const authorization = `Bearer ${this.#server.key}`;
        const response = await fetch(this.at(path), { method, body, headers: { authorization, ...headers } });
        const answer = await response.json();
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
        return answer;
    }

    /**
     * @param {Uint8Array} zip
     * @param {string} course
     * @returns {Promise<string>} The topic.
     */
    async importPackage(zip, course) {
        const path = `/api/v1/packages?course=${encodeURIComponent(course)}`;
        return (await this.api(path, { method: "POST", body: zip, headers: { "content-type": "application/zip" } })).topic;
    }

    /**
     * The report's row of a learner, once it is as the story waits for; what a closing page sends arrives
     * on its own.
     *
     * @param {string} learner
     * @param {(row: Row) => boolean} [isReady]
     * @returns {Promise<Row>}
     */
    async row(learner, isReady = () => true) {
        for (let n = 0; ; n++) {
            const { rows } = await this.api(`/api/v1/report?learner=${encodeURIComponent(learner)}`);
            if (rows.length > 0 && isReady(rows[0])) return rows[0];
            if (n > 2400) throw new Error(`the report of ${learner} stays ${JSON.stringify(rows, null, 1)}`);
            await pause(25);
        }
    }

    /** @param {string} learner The row, once none of its sessions is open. */
    closedRow(learner) {
        return this.row(learner, (row) => row.details.length > 0 && row.details.every((it) => it.state !== "running"));
    }

    /**
     * Launches a topic through the API and opens it in a tab.
     *
     * @param {string} topic
     * @param {string} learner
     * @param {{ mode?: string, return_url?: string, device?: Device, isWindow?: boolean }} [more] `isWindow`: in a window of its own, beside what is open.
     */
    async launch(topic, learner, { mode = "continue", return_url, device = this.#browser, isWindow = false } = {}) {
        const body = JSON.stringify({ learner: { id: learner, name: `Learner, ${learner}` }, topic, mode, return_url });
        const headers = { "content-type": "application/json", "idempotency-key": `launch-${++this.#launches}` };
        const { url } = await this.api("/api/v1/launches", { method: "POST", body, headers });
        const page = await (isWindow ? device.newPage({ type: "window" }) : device.newPage());
        return Course.open(this, page, new URL(url, this.url).href);
    }

    // --- Time, and what may happen to the server ---

    /** @param {number} toMs */
    async serverTo(toMs) {
        if (toMs <= this.nowMs) return;
        const advanceMs = toMs - this.nowMs;
        this.nowMs = toMs;
        if (!this.#isDown) await this.order(`advance ${advanceMs}`);
    }

    /**
     * A page asks something of the server, at its time.
     *
     * @param {Course} course
     * @param {number} atMs
     */
    async meet(course, atMs) {
        if (this.#meeting) await this.#meeting(course, atMs);
        else await this.serverTo(atMs);
    }

    /**
     * Moves several pages on at once: whatever they ask of the server reaches it in the order of the clock.
     *
     * @param {number} ms
     * @param {Course[]} courses
     */
    async advance(ms, ...courses) {
        /** @type {Map<Course, { atMs: number, go: () => void }>} */
        const waiting = new Map();
        let running = courses.length;
        const next = async () => {
            const [first] = [...waiting].sort(([, one], [, other]) => one.atMs - other.atMs);
            if (running > 0 || first === undefined) return;
            const [course, { atMs, go }] = first;
            waiting.delete(course);
            running++;
            await this.serverTo(atMs);
            go();
        };
        this.#meeting = (course, atMs) => new Promise((go) => {
            waiting.set(course, { atMs, go });
            running--;
            void next();
        });
        await Promise.all(courses.map(async (it) => {
            await it.run(ms);
            running--;
            await next();
        }));
        this.#meeting = undefined;
        for (const course of courses) await course.settle();
    }

    /** @param {string} order Such as `drop after_commit`. */
    async order(order) {
        await this.#server.order(order).catch((error) => {
            if (!this.#isDown) throw error; // Killed while it was asked.
        });
    }

    /** The server dies without warning; time goes on. */
    async kill() {
        this.#isDown = true;
        await this.#server.kill();
    }

    /** The command line on the server's data folder. @param {string} command @param {string[]} options */
    command(command, ...options) {
        const binary = program("SEATTIME_BIN", join(ROOT, "target/release/seattime"));
        return execFileSync(binary, [command, "--data", this.#data, ...options], { encoding: "utf8" });
    }

    /** Starts the server again: same data, same port, at the present time. */
    async restart() {
        this.#server = await Testbed.start(this.#data, this.nowMs, this.#server);
        this.#isDown = false;
    }
}
