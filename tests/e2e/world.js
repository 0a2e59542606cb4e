// @ts-check
// Page, server and database under one clock, which moves only when a story says so.
//
// Every frame gets fake timers before any script. The page ticks second by second; whatever it sends is
// held until the server's clock stands where the page's does, and no second begins while a request or a
// write to IndexedDB is open. Nothing here gives the page a user gesture but `click`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("puppeteer-core").CDPSession} Session */

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
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
 * @property {string} time_spent
 * @property {number} time_spent_ms
 * @property {number} measured_ms
 * @property {number | null} reported_ms
 * @property {string} provenance
 * @property {string[]} flags
 * @property {number} attempts
 * @property {number} last_visit_ms
 * @property {Detail[]} details
 */

/**
 * What runs in every frame before any script. It is handed to the browser as text.
 *
 * @param {number} presentMs The driver's time, for a frame that has no parent to ask.
 * @param {(global: any) => any} fakeTimers Makes fake timers for a window.
 */
function inject(presentMs, fakeTimers) {
    const scope = /** @type {any} */ (globalThis);
    if (scope.testWorld) return; // The first document of a frame leaves its window to the next.
    const originalChannel = MessageChannel;
    let root = scope;
    try {
        while (root.parent !== root && root.parent.testWorld) root = root.parent;
    } catch { /* Another origin: this frame keeps its own time. */ }

    const startMs = root === scope ? presentMs : root.testWorld.nowMs;
    const clock = fakeTimers(scope).install({
        now: startMs,
        toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
    });
    let sleptMs = 0;
    const awakeMs = scope.performance.now.bind(scope.performance);
    scope.performance.now = () => awakeMs() + sleptMs;

    /** @param {number} toMs */
    const tickTo = (toMs) => {
        if (toMs > clock.now) clock.tick(toMs - clock.now);
    };
    /** @param {number} toMs @param {boolean} isMonotonicRunning */
    const jumpTo = (toMs, isMonotonicRunning) => {
        if (isMonotonicRunning) sleptMs += toMs - clock.now;
        clock.setSystemTime(toMs);
    };
    const own = (scope.testWorld = {
        nowMs: startMs, serverMs: startMs, pending: 0, begun: 0, tickTo, jumpTo,
        /** @type {(() => void)[]} */ held: [],
        /** @type {{ sent: any, status: number, answer: any }[]} */ answered: [],
    });
    const world = root.testWorld;

    // --- What is open: requests, bodies of answers, transactions ---

    const begin = () => {
        world.pending++;
        world.begun++;
        let isOpen = true;
        return () => {
            if (isOpen) world.pending--;
            isOpen = false;
        };
    };
    const originalFetch = scope.fetch;
    const fetchInStep = async (/** @type {any[]} */ ...request) => {
        const end = begin();
        try {
            // What is in step leaves at once: a page that goes away has no later.
            if (world.serverMs !== world.nowMs) {
                await new Promise((resolve) => {
                    world.held.push(resolve);
                    scope.testInStep(String(world.nowMs));
                });
            }
            const response = await originalFetch(...request);
            const copy = response.clone();
            const note = { sent: request[1]?.body, status: response.status, answer: await copy.json().catch(() => null) };
            if (typeof note.sent === "string") world.answered.push(note);
            return response;
        } finally {
            end();
        }
    };
    scope.fetch = fetchInStep;
    const originalJson = Response.prototype.json;
    Response.prototype.json = function () {
        const end = begin();
        return originalJson.call(this).finally(end);
    };
    const originalTransaction = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (/** @type {any[]} */ ...of) {
        const end = begin();
        const made = /** @type {any} */ (originalTransaction).apply(this, of);
        for (const how of ["complete", "abort", "error"]) made.addEventListener(how, end);
        return made;
    };
    const originalOpen = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (/** @type {any[]} */ ...of) {
        const end = begin();
        const made = /** @type {any} */ (originalOpen).apply(this, of);
        for (const how of ["success", "error"]) made.addEventListener(how, end);
        return made;
    };
    if (root !== scope) return;

    // --- What the driver calls ---

    /** Lets everything run that needs no time. */
    const turn = () => new Promise((/** @type {(value?: any) => void} */ resolve) => {
        const { port1, port2 } = new originalChannel();
        port1.onmessage = () => {
            port1.close();
            resolve();
        };
        port2.postMessage(0);
    });
    /** @param {(of: any) => void} act @param {any} [window] */
    const everywhere = (act, window = scope) => {
        try {
            if (window.testWorld) act(window.testWorld);
            for (let n = 0; n < window.frames.length; n++) everywhere(act, window.frames[n]);
        } catch { /* Another origin. */ }
    };
    const quiet = async () => {
        for (let before = -1; own.pending > 0 || own.begun !== before;) {
            before = own.begun;
            await turn();
            await turn();
        }
    };
    Object.assign(own, {
        everywhere,
        quiet,
        /** @param {number} seconds */
        run: async (seconds) => {
            for (let n = 0; n < seconds; n++) {
                const before = own.begun;
                own.nowMs += 1000;
                everywhere((it) => it.tickTo(own.nowMs));
                if (own.begun !== before || own.pending > 0) await quiet();
            }
        },
        /** @param {number} atMs */
        inStep: (atMs) => {
            own.serverMs = atMs;
            for (const go of own.held.splice(0)) go();
        },
        /** @param {number} toMs @param {boolean} isMonotonicRunning */
        sleepUntil: (toMs, isMonotonicRunning) => {
            own.nowMs = toMs;
            own.serverMs = toMs;
            everywhere((it) => it.jumpTo(toMs, isMonotonicRunning));
        },
    });
}

const require = createRequire(import.meta.url);
const TIMERS = readFileSync(require.resolve("@sinonjs/fake-timers"), "utf8");

/** @param {number} presentMs */
function injection(presentMs) {
    // The package is CommonJS, and asks for nothing in a browser but the global object.
    return `{
        const fakeTimers = (global) => {
            const module = { exports: {} };
            const require = (name) => {
                if (name === "@sinonjs/commons") return { global };
                throw new Error(name);
            };
            (function (module, exports, require) {${TIMERS}\n})(module, module.exports, require);
            return module.exports;
        };
        (${inject})(${presentMs}, fakeTimers);
    }`;
}

/** The environment names the binaries; without it, where the build puts them. */
function program(/** @type {string} */ name, /** @type {string} */ otherwise) {
    return process.env[name] ?? otherwise;
}

/** The server under a set clock: a process of its own, driven by lines. */
export class Testbed {
    /** @type {import("node:child_process").ChildProcess} */ #process;
    /** @type {((line: string) => void)[]} */ #waiting = [];
    /** @type {string[]} */ #lines = [];
    url = "";
    key = "";

    /** @param {import("node:child_process").ChildProcess} process */
    constructor(process) {
        this.#process = process;
        const { stdout } = process;
        if (!stdout) throw new Error("the testbed has no output");
        createInterface({ input: stdout }).on("line", (line) => {
            const next = this.#waiting.shift();
            if (next) next(line);
            else this.#lines.push(line);
        });
        process.once("exit", () => this.#waiting.splice(0).forEach((next) => next("gone")));
    }

    /**
     * @param {string} data
     * @param {number} startMs
     * @param {string} [port]
     */
    static async start(data, startMs, port = "0") {
        const binary = program("SEATTIME_TESTBED", join(ROOT, "target/release/seattime-testbed"));
        const options = ["--data", data, "--web", join(ROOT, "www"), "--pkg", join(ROOT, "pkg")];
        const made = new Testbed(
            spawn(binary, [...options, "--port", port, "--start-ms", String(startMs)], { stdio: ["pipe", "pipe", "inherit"] }),
        );
        for (const [word, set] of /** @type {[string, (text: string) => void][]} */ ([
            ["listening", (text) => (made.url = text)],
            ["api-key", (text) => (made.key = text)],
        ])) {
            const line = await made.#line();
            if (!line.startsWith(`${word} `)) throw new Error(`the testbed says ${line}, expected ${word}`);
            set(line.slice(word.length + 1));
        }
        return made;
    }

    /** @returns {Promise<string>} */
    #line() {
        const line = this.#lines.shift();
        if (line !== undefined) return Promise.resolve(line);
        if (this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve("gone");
        return new Promise((resolve) => this.#waiting.push(resolve));
    }

    /** @param {string} order */
    async order(order) {
        const answer = this.#line();
        this.#process.stdin?.write(`${order}\n`);
        if (await answer !== "ok") throw new Error(`${order}: the testbed says ${await answer}`);
    }

    /** Ends it as a power cut ends a process. */
    async kill() {
        const gone = new Promise((resolve) => this.#process.once("exit", resolve));
        this.#process.stdin?.on("error", () => {});
        if (this.#process.kill("SIGKILL")) await gone;
    }
}

/** Page and server together. */
export class World {
    nowMs = START_MS;
    #isDown = false;
    /** @type {string} */ #data;
    /** @type {Testbed} */ #server;
    /** @type {import("puppeteer-core").Browser} */ #browser;
    /** @type {Page} */ #other;
    #launches = 0;

    /**
     * @param {Testbed} server
     * @param {import("puppeteer-core").Browser} browser
     * @param {Page} other
     * @param {string} data
     */
    constructor(server, browser, other, data) {
        [this.#server, this.#browser, this.#other, this.#data] = [server, browser, other, data];
    }

    static async begin() {
        const data = mkdtempSync(join(tmpdir(), "seattime-e2e-"));
        const server = await Testbed.start(data, START_MS);
        const browser = await puppeteer.launch({
            executablePath: program("CHROMIUM", "/usr/bin/chromium"),
            headless: true,
            defaultViewport: { width: 1280, height: 800 },
            args: [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        });
        const [other] = await browser.pages();
        return new World(server, browser, other, data);
    }

    async end() {
        await this.#browser.close();
        await this.#server.kill();
        rmSync(this.#data, { recursive: true, force: true });
    }

    get url() {
        return this.#server.url;
    }

    get key() {
        return this.#server.key;
    }

    /** @returns {Promise<Page>} A tab of its own. */
    newTab() {
        return this.#browser.newPage();
    }

    /** The tab that is in front while the course is hidden. */
    get otherTab() {
        return this.#other;
    }

    // --- What an LMS asks of the server ---

    /**
     * @param {string} path
     * @param {{ method?: string, body?: any, headers?: Record<string, string> }} [request]
     * @returns {Promise<any>}
     */
    async api(path, { method = "GET", body, headers = {} } = {}) {
        const authorization = `Bearer ${this.#server.key}`;
        const response = await fetch(this.url + path, { method, body, headers: { authorization, ...headers } });
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
            if (n > 200) throw new Error(`the report of ${learner} stays ${JSON.stringify(rows, null, 1)}`);
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
     * @param {{ mode?: string, return_url?: string }} [more]
     */
    async launch(topic, learner, { mode = "continue", return_url } = {}) {
        const body = JSON.stringify({ learner: { id: learner, name: `Learner, ${learner}` }, topic, mode, return_url });
        const headers = { "content-type": "application/json", "idempotency-key": `launch-${++this.#launches}` };
        const { url } = await this.api("/api/v1/launches", { method: "POST", body, headers });
        const page = await this.newTab();
        const course = new Course(this, page, await page.createCDPSession());
        await course.open(new URL(url, this.url).href);
        return course;
    }

    // --- Time, and what may happen to the server ---

    /** @param {number} toMs */
    async serverTo(toMs) {
        if (toMs <= this.nowMs) return;
        const advanceMs = toMs - this.nowMs;
        this.nowMs = toMs;
        if (!this.#isDown) await this.order(`advance ${advanceMs}`);
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

    /** Starts the server again: same data, same port, at the present time. */
    async restart() {
        this.#server = await Testbed.start(this.#data, this.nowMs, new URL(this.url).port);
        this.#isDown = false;
    }
}

/** A course that is open in a tab. */
export class Course {
    /** @type {string | undefined} */ #script;

    /**
     * @param {World} world
     * @param {Page} page
     * @param {Session} cdp
     */
    constructor(world, page, cdp) {
        this.world = world;
        this.page = page;
        this.cdp = cdp;
        /** @type {unknown[]} */
        this.failures = [];
        page.on("pageerror", (error) => this.failures.push(error));
    }

    /** @param {string} url */
    async open(url) {
        await this.cdp.send("Runtime.enable");
        await this.cdp.send("Page.enable");
        await this.cdp.send("Runtime.addBinding", { name: "testInStep" });
        this.cdp.on("Runtime.bindingCalled", ({ name, payload }) => {
            if (name === "testInStep") void this.#inStep(Number(payload)).catch((error) => this.failures.push(error));
        });
        await this.#prepare();
        await this.page.goto(url);
        await this.#ready();
    }

    /** The learner loads the player again. */
    async reload() {
        await this.page.reload();
        await this.#ready();
    }

    async #ready() {
        await this.until("frames.length > 0 && frames[0].document.readyState === 'complete' && frames[0].isReady === true");
        await this.quiet();
    }

    /** What the next document begins with. */
    async #prepare() {
        const before = this.#script;
        const source = injection(this.world.nowMs);
        this.#script = (await this.cdp.send("Page.addScriptToEvaluateOnNewDocument", { source })).identifier;
        if (before) await this.cdp.send("Page.removeScriptToEvaluateOnNewDocument", { identifier: before });
    }

    /** @param {number} atMs */
    async #inStep(atMs) {
        await this.world.serverTo(atMs);
        await this.read(`testWorld.inStep(${atMs})`);
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
            if (n > 400) throw new Error(`it never came true: ${expression}; ${await this.page.content()}; ${this.failures}`);
            await pause(25);
        }
    }

    /** Waits until nothing is on its way. */
    quiet() {
        return this.read("testWorld.quiet()");
    }

    /** @param {number} ms Moves page and server on, second by second. */
    async advance(ms) {
        for (let left = ms / SECOND; left > 0; left -= 600) await this.read(`testWorld.run(${Math.min(600, left)})`);
        await this.#settle();
    }

    async #settle() {
        const atMs = await this.read("testWorld.nowMs");
        await this.world.serverTo(atMs);
        await this.read(`testWorld.inStep(${atMs})`);
        await this.#prepare();
    }

    /**
     * The machine sleeps: nothing ticks, and then it is later.
     *
     * @param {number} ms
     * @param {"both-jump" | "date-jumps"} [clocks] On macOS and Linux, the monotonic clock sleeps too.
     */
    async sleep(ms, clocks = "both-jump") {
        await this.world.serverTo(this.world.nowMs + ms);
        await this.read(`testWorld.sleepUntil(${this.world.nowMs}, ${clocks === "both-jump"})`);
        await this.#prepare();
    }

    /** Another tab comes to the front. */
    async hide() {
        await this.world.otherTab.bringToFront();
        await this.until("document.visibilityState === 'hidden'");
        await this.quiet();
    }

    async showAgain() {
        await this.page.bringToFront();
        await this.until("document.visibilityState === 'visible'");
        await this.quiet();
    }

    #wiggle = 0;

    /** The learner moves the mouse over the content, which is no activation. */
    async input() {
        const { x, y } = await this.#middle("document.querySelector('iframe')");
        this.#wiggle = (this.#wiggle + 7) % 50;
        await this.cdp.send("Input.dispatchMouseEvent", { type: "mouseMoved", x: x + this.#wiggle, y });
        await this.quiet();
    }

    /**
     * The learner clicks; afterwards nothing remembers it but what saw it.
     *
     * @param {string} name What the accessible name of a button or link of the page begins with.
     */
    async click(name) {
        const called = "(it.getAttribute('aria-label') ?? it.innerText).trim()";
        const found = `[...document.querySelectorAll('button, a')].find((it) => ${called}.startsWith(${JSON.stringify(name)}))`;
        await this.until(`${found} !== undefined`);
        await this.clickAt(await this.#middle(found));
    }

    async clickContent() {
        await this.clickAt(await this.#middle("document.querySelector('iframe')"));
    }

    /** @param {{ x: number, y: number }} at */
    async clickAt({ x, y }) {
        for (const type of /** @type {const} */ (["mousePressed", "mouseReleased"])) {
            await this.cdp.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
        }
        await this.until("testWorld.quiet().then(() => true)"); // The click may have led to another page.
        // Five real seconds, in which fake ones would look like hours of evidence.
        await this.until("!navigator.userActivation.isActive");
    }

    /** @param {string} element @returns {Promise<{ x: number, y: number }>} */
    #middle(element) {
        return this.read(`(() => {
            const { x, y, width, height } = ${element}.getBoundingClientRect();
            return { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
        })()`);
    }

    /** The learner closes the tab. */
    async close() {
        await this.page.close();
    }
}
