// @ts-check
// The report's page as tests read it.

import assert from "node:assert/strict";
import { giveKey, until } from "./until.js";

/** @typedef {import("puppeteer-core").Page} Page */

/** The report as whoever has the key reads it. @param {import("./world.js").World} world @param {string} [search] Of the address. */
export async function open(world, search = "") {
    const page = await world.newTab();
    await page.goto(`${world.url}/reports/my-learning${search}`);
    await giveKey(page, world.key);
    await shown(page);
    return page;
}

/** An answer has come. @param {Page} page */
export const shown = (page) => until(page, "!document.querySelector('#rows').ariaBusy && document.querySelector('#state').hidden");

/** @param {Page} page @returns {Promise<string[]>} Each row's text, as it is read. */
export const rows = (page) => /** @type {any} */ (page.evaluate("[...document.querySelectorAll('tr.row')].map((it) => it.innerText.replaceAll(/\\s+/g, ' '))"));

/** @param {Page} page */
export const seen = (page) => ({ page, read: (/** @type {string} */ script) => page.evaluate(script) });

/** What has the keyboard, as it is called. @param {Page} page @returns {Promise<string>} */
export const focused = (page) => /** @type {any} */ (page.evaluate(`(() => {
    const it = document.activeElement;
    return it.ariaLabel ?? it.labels?.[0]?.firstChild.textContent ?? it.textContent.trim();
})()`));

/** Goes on by the tabulator until something has the keyboard. @param {Page} page @param {string} name What it is called, or begins with. */
export async function tabTo(page, name) {
    for (let n = 0; !(await focused(page)).startsWith(name); n++) {
        assert.ok(n < 60, `no key leads to ${name}`);
        await page.keyboard.press("Tab");
    }
}
