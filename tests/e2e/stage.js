// @ts-check
// What a story plays on: a learner, devices that share nothing with other stories, and the one clock.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Course } from "./course.js";
import { ExitBrowser } from "./exit_browser.js";
import { MINUTE, SECOND } from "./world.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").Row} Row */
/** @typedef {import("./world.js").Device} Device */
/** @typedef {import("./bare.js").Browser} Browser */
/** @typedef {"Silence and exits" | "Presence" | "Clocks" | "More than one" | "Network" | "Media" | "Reports"} Heading */

/**
 * @typedef {object} Story What happens, and the truth of it.
 * @property {Heading} heading
 * @property {string} name
 * @property {string} [course] Which course its topic belongs to; one of the heading's name, if left out.
 * @property {Browser[]} [browsers] Chromium alone, if left out.
 * @property {() => Promise<Uint8Array>} content
 * @property {number} truthS What the learner is to be credited, in seconds: found by thinking, never by our code.
 * @property {number} [withinS] How far ours may lie from it; a second, if left out.
 * @property {(stage: Stage) => Promise<void>} take
 * @property {(row: Row, stage: Stage) => void | Promise<void>} [check] What else the report must say.
 * @property {(stage: Stage) => Promise<number>} [ours] What is compared with the truth, in ms; the row's *Time Spent*, if left out.
 * @property {string} [twin] The test of `media.test.js` that plays the like for real, if it is one of media.
 * @property {{ oursS: number, because: string }} [fault] What we credit instead, as long as we are wrong.
 */

/** The report is asked so often before it is taken as it is: what closing pages send arrives on its own. */
const PATIENCE = 200;
const PAUSE_MS = 25;

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One telling of a story. */
export class Stage {
    /** @type {Map<string, Promise<any>>} */ #devices = new Map();
    /** @type {string[]} */ #folders = [];
    /** @type {Course[]} */ courses = [];

    /**
     * @param {World} world
     * @param {Story} story
     * @param {Browser} browser
     * @param {Device} firefox
     */
    constructor(world, story, browser, firefox) {
        this.world = world;
        this.story = story;
        this.browser = browser;
        this.firefox = firefox;
        this.learner = browser === "firefox" ? `${story.name} (Firefox)` : story.name;
        this.topic = "";
    }

    /** Brings the story's content to the server. */
    async begin() {
        this.topic = await this.world.importPackage(await this.story.content(), this.story.course ?? this.story.heading);
    }

    /**
     * Opens the story's topic, or another one.
     *
     * @param {{ on?: string, topic?: string, mode?: string, isWindow?: boolean }} [how] `on`: which device; `isWindow`: beside what is open there.
     * @returns {Promise<Course>}
     */
    async open({ on = "desktop", topic = this.topic, mode, isWindow } = {}) {
        const course = await this.world.launch(topic, this.learner, { mode, isWindow, device: await this.#device(on) });
        this.courses.push(course);
        return course;
    }

    /**
     * Another tab with what one keeps for itself alone, as browsers duplicate it.
     *
     * @param {Course} course
     * @param {string} kept Its session storage, as JSON.
     */
    async double(course, kept) {
        const page = await course.page.browserContext().newPage();
        // An address of the same origin that has no script of ours.
        await page.goto(`${this.world.runUrl}/livez`);
        await page.evaluate((it) => Object.assign(sessionStorage, JSON.parse(it)), kept);
        const made = await Course.open(this.world, page, course.page.url());
        this.courses.push(made);
        return made;
    }

    /** @param {string} name */
    async #device(name) {
        if (this.browser === "firefox") return this.firefox;
        const made = this.#devices.get(name) ?? this.world.newDevice();
        this.#devices.set(name, made);
        return /** @type {Promise<Device>} */ (made);
    }

    /** A browser of its own for a device, so that it may be killed. @param {string} name @returns {ExitBrowser} */
    ownBrowser(name) {
        const folder = mkdtempSync(join(tmpdir(), "seattime-story-"));
        const made = new ExitBrowser("chrome", folder);
        this.#folders.push(folder);
        this.#devices.set(name, Promise.resolve(made));
        return made;
    }

    /** The next window that content opens; to be asked for before it does. @returns {Promise<Page>} */
    async popUp() {
        const context = /** @type {import("puppeteer-core").BrowserContext} */ (/** @type {unknown} */ (await this.#device("desktop")));
        const target = await context.waitForTarget((it) => it.type() === "page" && /\/2\.html\??$/.test(it.url()), { timeout: 60_000 });
        const page = await target.page();
        if (!page) throw new Error("the window that content opened is none");
        return page;
    }

    /** Time goes by while no page is open, or all that are stand still. @param {number} ms */
    async later(ms) {
        await this.world.serverTo(this.world.nowMs + ms);
    }

    /**
     * What the report says of the learner, once it is right or stays wrong.
     *
     * @returns {Promise<{ ours: number, row: Row, wrong?: unknown }>} `wrong`: what the story found besides.
     */
    async result() {
        for (let n = 0; ; n++) {
            const rows = await this.rows();
            const [row] = rows;
            const ours = this.story.ours ? await this.story.ours(this) : row?.time_spent_ms;
            const isOver = rows.length > 0 && rows.every((row) => row.details.every((it) => it.state !== "running"));
            /** @type {unknown} */ let wrong;
            try {
                await this.story.check?.(row, this);
            } catch (failure) {
                wrong = failure;
            }
            if ((isOver && this.isNear(ours) && wrong === undefined) || n > PATIENCE) return { ours, row, wrong };
            await pause(PAUSE_MS);
        }
    }

    /** Whether it is what we are to credit. @param {number} ms */
    isNear(ms) {
        const { truthS, withinS = 1, fault } = this.story;
        return Math.abs(ms - (fault?.oursS ?? truthS) * SECOND) <= withinS * SECOND;
    }

    /** @returns {Promise<Row[]>} */
    async rows() {
        return (await this.world.api(`/api/v1/report?learner=${encodeURIComponent(this.learner)}`)).rows;
    }

    async end() {
        for (const device of this.#devices.values()) await (await device).close();
        for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
}

/**
 * The learner goes on for so many minutes, then touches the course; and so on.
 *
 * @param {Course} course
 * @param {number[]} minutes
 */
export async function work(course, ...minutes) {
    for (const it of minutes) {
        await course.advance(it * MINUTE);
        await course.input();
    }
}

/**
 * Content sets a value, and is told that it is taken.
 *
 * @param {Course} course
 * @param {string} element
 * @param {string} value
 * @param {"true" | "false"} [answer]
 */
export async function say(course, element, value, answer = "true") {
    assert.equal(await course.inContent(`call("SetValue", ${JSON.stringify(element)}, ${JSON.stringify(value)})`), answer, element);
}

/** Content ends itself. @param {Course} course */
export async function finish(course) {
    assert.equal(await course.inContent(`call("Terminate")`), "true");
}

/** How a row's parts ended, and what each is credited, to the second. @param {Row} row */
export function parts(row) {
    return row.details.map((it) => [it.activity, it.state, Math.round(it.credited_ms / SECOND)]);
}
