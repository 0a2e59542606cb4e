// @ts-check
// Waiting for what a page is to show.
//
// Puppeteer's own waits take what lies in a closed `details` for visible, since it has a size; they look once a frame,
// of which a tab behind others draws none; and they say nothing of what was there instead.

/** @typedef {import("puppeteer-core").Page} Page */

/**
 * Waits until a condition holds, for a minute at most.
 *
 * @param {Page} page
 * @param {string | ((it: any) => unknown)} condition Evaluated in the page; a function is given `it`.
 * @param {unknown} [it]
 */
export async function until(page, condition, it) {
    try {
        await page.waitForFunction(condition, { polling: 50, timeout: 60_000 }, it);
    } catch (error) {
        const shown = await page.evaluate("document.visibilityState + ', ' + location.href + ': ' + document.body.innerText").catch(String);
        throw new Error(`waited for ${condition} (${JSON.stringify(it)}), but the page is ${shown}`, { cause: error });
    }
}

/** Waits until a text is on the page. @param {Page} page @param {string} text */
export const says = (page, text) => until(page, (it) => document.body?.innerText.includes(it), text);

/** Waits until an element is there, and can be seen. @param {Page} page @param {string} selector */
export const visible = (page, selector) => until(page, (it) => document.querySelector(it)?.checkVisibility({ visibilityProperty: true }) === true, selector);

/** Gives a page of trainers the key, once its field can take one. @param {Page} page @param {string} key */
export async function giveKey(page, key) {
    await visible(page, "#key");
    await page.type("#key", `${key}\n`);
}
