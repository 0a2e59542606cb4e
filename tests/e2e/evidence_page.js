// @ts-check
// A page that is watched for signs without any run-time.

/** Watches a page without any run-time; each sign is counted. */
export const WATCH = `
    const { watch } = await import("/src/js/evidence.js");
    window.signs = 0;
    window.dialogs = [];
    window.entered = new Set();
    const media = { enter: (it) => entered.add(it), leave() {}, meet() {} };
    window.watched = watch(window, {
        onSign: () => signs++, onSight: () => watched?.look(), onSecond() {}, onDialog: (it) => dialogs.push(it), media,
    });
    const frame = document.getElementById("content");
    frame.style = "position: fixed; inset: 0; width: 1200px; height: 760px; border: 0";
    await new Promise((resolve) => { frame.onload = resolve; frame.src = "/content.html"; watched.look(); });
`;

/** @param {import("puppeteer-core").Page} page @returns {Promise<number>} */
export const signs = async (page) => Number(await page.evaluate("signs"));
