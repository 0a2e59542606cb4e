// @ts-check
// Waiting for what a page is to show.
//
// Puppeteer's own waits look once a frame, and a tab that is not in front draws none; they also say nothing of
// what was there instead.

/** @typedef {import("puppeteer-core").Page} Page */

/**
 * Waits until a condition holds.
 *
 * @param {Page} page
 * @param {string | ((it: any) => unknown)} condition Evaluated in the page; a function is given `it`.
 * @param {unknown} [it]
 * @param {{ timeout?: number }} [options] In milliseconds.
 */
export async function until(page, condition, it, { timeout = 60_000 } = {}) {
    try {
        await page.waitForFunction(condition, { polling: 50, timeout }, it);
    } catch (error) {
        const shown = await page.evaluate("document.visibilityState + ', ' + location.href + ': ' + document.body.innerText").catch(String);
        throw new Error(`waited for ${condition} (${JSON.stringify(it)}), but the page is ${shown}`, { cause: error });
    }
}

/** Waits until a text is on the page. @param {Page} page @param {string} text */
export const says = (page, text) => until(page, (it) => document.body?.innerText.includes(it), text);

/** Waits until an element is there, and can be seen: what lies in a closed `details` has a size, and no keyboard. @param {Page} page @param {string} selector */
export const visible = (page, selector) => until(page, (it) => document.querySelector(it)?.checkVisibility({ visibilityProperty: true }) === true, selector);
