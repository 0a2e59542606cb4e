// @ts-check
// The page of a video or audio topic, as tests look at it and touch it.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), it is kept there as pictures.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { ROOT } from "./testbed.js";

/** @typedef {import("./real_time.js").Tab} Tab */

/** The player's page has a medium, and knows how long it is. */
export const READY = "frames[0]?.document.querySelector('video, audio')?.readyState >= 1";

/** Of real playback, 0.3 s and 1 % are the browser's. @param {number} actualMs @param {number} expectedS @param {string} what */
export function near(actualMs, expectedS, what) {
    const isNear = Math.abs(actualMs / 1000 - expectedS) <= 0.3 + 0.01 * expectedS;
    assert.ok(isNear, `${what}: ${actualMs} ms, expected ${expectedS} s`);
}

/**
 * Evaluates in the player's window; `document` is the frame's, whose own page allows no `eval`.
 *
 * @param {Tab} tab
 * @param {string} expression
 */
export const inFrame = (tab, expression) => tab.read(`((document) => ${expression})(frames[0].document)`);
/** What plays. */
export const IT = "document.querySelector('video, audio')";
/** Resolves when it has played to its end. */
export const ENDED = `new Promise((resolve) => ${IT}.ended ? resolve() : ${IT}.addEventListener("ended", resolve))`;
/** Resolves when it has come to a second. @param {number} second */
export const reached = (second) => `new Promise((resolve) => {
    const look = () => ${IT}.currentTime >= ${second} && (${IT}.removeEventListener("timeupdate", look), resolve());
    ${IT}.addEventListener("timeupdate", look);
})`;
/** Resolves after so many real seconds. @param {number} seconds */
export const passed = (seconds) => `new Promise((resolve) => setTimeout(resolve, ${seconds * 1000}))`;
/** @param {Tab} tab @param {string} id @returns {Promise<string>} */
export const words = (tab, id) => inFrame(tab, `document.getElementById("${id}").textContent`);
/** @param {Tab} tab */
export const position = (tab) => inFrame(tab, `${IT}.currentTime`);

/** Looks at the page in every way: it fits, and is kept as a picture where somebody asked. @param {Tab} tab @param {string} name */
export async function look(tab, name) {
    for (const [screen, width, height, colours] of /** @type {const} */ ([
        ["desktop", 1280, 800, "light"], ["phone", 390, 844, "light"], ["dark", 1280, 800, "dark"],
    ])) {
        await tab.page.setViewport({ width, height });
        await tab.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colours }]);
        const fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert.deepEqual([await tab.read(fits), await inFrame(tab, fits)], [true, true], `${name} on a ${screen}`);
        const folder = process.env.SEATTIME_SCREENSHOTS;
        if (!folder) continue;
        mkdirSync(resolve(ROOT, folder), { recursive: true });
        await tab.page.screenshot({ path: resolve(ROOT, folder, `${name}-${screen}.png`) });
    }
    await tab.page.setViewport({ width: 1280, height: 800 });
    await tab.page.emulateMediaFeatures([]);
}
