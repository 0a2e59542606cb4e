// @ts-check
// A course in its tab, and what a learner does with it.

import { setTimeout as pause } from "node:timers/promises";
import { drive } from "./driver.js";
import { injection } from "./fake_time.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./world.js").World} World */

const SECOND = 1000;
// One evaluation is given ten minutes of test time, so that none takes long.
const AT_ONCE = 600;

/** A course that is open in a tab. */
export class Course {
    #driver;
    /** @type {Page | undefined} */ #blank;

    /**
     * @param {World} world
     * @param {Page} page
     * @param {import("./driver.js").Driver} driver
     */
    constructor(world, page, driver) {
        this.world = world;
        this.page = page;
        this.#driver = driver;
        /** @type {unknown[]} */
        this.failures = [];
        page.on("pageerror", (error) => this.failures.push(error));
    }

    /**
     * @param {World} world
     * @param {Page} page
     * @param {string} url
     */
    static async open(world, page, url) {
        await world.onTab?.(page);
        /** @type {Course} */ let course;
        const driver = await drive(page, (payload) =>
            void course.#inStep(Number(payload)).catch((error) => course.failures.push(error)));
        course = new Course(world, page, driver);
        await course.#prepare();
        await page.goto(url);
        await course.ready();
        return course;
    }

    /** The learner loads the player again. */
    async reload() {
        await this.page.reload();
        await this.ready();
    }

    async ready() {
        await this.until("frames.length > 0 && frames[0].document.readyState === 'complete' && (frames[0].isReady === true || frames[0].seattimePdf !== undefined)");
        await this.quiet();
    }

    /** What the next document begins with. */
    #prepare() {
        return this.#driver.prepare(injection(this.world.nowMs));
    }

    /** @param {number} atMs */
    async #inStep(atMs) {
        await this.world.meet(this, atMs);
        this.world.onRequest?.();
        await this.read(`testWorld.inStep(${atMs})`);
    }

    /**
     * Evaluates in the player's window, without a user gesture.
     *
     * @param {string} expression
     * @returns {Promise<any>}
     */
    read(expression) {
        return this.#driver.read(expression);
    }

    /** @param {string} expression Evaluated in the content's window. */
    inContent(expression) {
        return this.read(`frames[0].eval(${JSON.stringify(expression)})`);
    }

    /** @param {string} expression */
    async until(expression) {
        for (let n = 0; !(await this.read(expression).catch(() => false)); n++) {
            if (n > 2400) throw new Error(`it never came true: ${expression}; ${await this.page.content()}; ${this.failures}`);
            await pause(25);
        }
    }

    /** Waits until nothing is on its way. */
    quiet() {
        return this.read("testWorld.quiet()");
    }

    /** @param {number} ms Moves page and server on, second by second. */
    async advance(ms) {
        await this.run(ms);
        await this.settle();
    }

    /** @param {number} ms Moves the page on, and the server as far as that asks something of it. */
    async run(ms) {
        for (let left = ms / SECOND; left > 0; left -= AT_ONCE) await this.read(`testWorld.run(${Math.min(AT_ONCE, left)})`);
    }

    /** The server's clock stands where the page's does. */
    async settle() {
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
        await this.wake(clocks);
    }

    /**
     * It is later than this page knows: it stood still while the world went on.
     *
     * @param {"both-jump" | "date-jumps"} [clocks]
     */
    async wake(clocks = "both-jump") {
        await this.read(`testWorld.sleepUntil(${this.world.nowMs}, ${clocks === "both-jump"})`);
        await this.#prepare();
    }

    /** Somebody sets the machine's clock. @param {number} byMs */
    async setClock(byMs) {
        await this.read(`testWorld.setBy(${byMs})`);
    }

    /** Another tab comes to the front. */
    async hide() {
        this.#blank ??= await this.page.browserContext().newPage();
        await this.#blank.bringToFront();
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
        await this.page.mouse.move(x + this.#wiggle, y);
        await this.quiet();
    }

    /** @param {string} name What the accessible name of a button or link of the page begins with. */
    async click(name) {
        const called = "(it.getAttribute('aria-label') ?? it.innerText).trim()";
        const found = `[...document.querySelectorAll('button, a')].find((it) => ${called}.startsWith(${JSON.stringify(name)}))`;
        await this.until(`${found} !== undefined`);
        await this.clickAt(await this.#middle(found));
    }

    async clickContent() {
        await this.clickAt(await this.#middle("document.querySelector('iframe')"));
    }

    /** The learner clicks on the content; answers who tells whether the browser still knows. @returns {Promise<() => Promise<boolean>>} */
    async pressContent() {
        const { x, y } = await this.#middle("document.querySelector('iframe')");
        await this.page.mouse.click(x, y);
        return () => this.read("navigator.userActivation.isActive");
    }

    /**
     * The learner clicks; afterwards nothing remembers it but what saw it.
     *
     * @param {{ x: number, y: number }} at
     */
    async clickAt({ x, y }) {
        await this.page.mouse.click(x, y);
        await this.until("testWorld.quiet().then(() => true)"); // The click may have led to another page.
        await this.calm();
    }

    /** Five real seconds after a click, in which fake ones would look like hours of evidence. */
    async calm() {
        await this.until("!navigator.userActivation.isActive");
    }

    /** @param {string} element @returns {Promise<{ x: number, y: number }>} */
    #middle(element) {
        return this.read(`(() => {
            const { x, y, width, height } = ${element}.getBoundingClientRect();
            return { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
        })()`);
    }

    /** The network is gone, or back. @param {boolean} isGone */
    async loseNetwork(isGone) {
        await this.#driver.loseNetwork(isGone);
        await this.quiet();
    }

    /** The browser freezes the tab, or lets it go on. @param {boolean} isFrozen */
    async freeze(isFrozen) {
        await this.#driver.freeze(isFrozen);
    }

    /** The tab crashes: nothing in it runs any more. */
    async crash() {
        await this.#driver.crash();
    }

    /** The player leads to the report, and the LMS opens it for whom it is. @param {string} learner */
    async openReport(learner) {
        await this.click("My Learning Report");
        await this.until(`location.href.startsWith("${this.world.url}/reports/my-learning")`);
        await this.page.goto(await this.world.reportUrl(learner));
    }

    /** The learner closes the tab. */
    async close() {
        await this.page.close();
    }
}
