// @ts-check
// A course in its tab, and what a learner does with it.

import { setTimeout as pause } from "node:timers/promises";
import { injection } from "./fake_time.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("puppeteer-core").CDPSession} Session */
/** @typedef {import("./world.js").World} World */

const SECOND = 1000;
// One evaluation is given ten minutes of test time, so that none takes long.
const AT_ONCE = 600;

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
        this.world.onRequest?.();
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
        for (let left = ms / SECOND; left > 0; left -= AT_ONCE) await this.read(`testWorld.run(${Math.min(AT_ONCE, left)})`);
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

    /** The tab crashes: nothing in it runs any more. */
    async crash() {
        const crashed = new Promise((resolve) => this.page.once("error", resolve));
        void this.cdp.send("Page.crash").catch(() => {}); // It cannot answer.
        await crashed;
    }

    /** The learner closes the tab. */
    async close() {
        await this.page.close();
    }
}
