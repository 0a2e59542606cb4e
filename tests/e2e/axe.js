// @ts-check
// Pages as those have them who do not see them, or not well: what axe-core finds in one.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** @typedef {import("puppeteer-core").Page} Page */

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** The page of a video or audio, and the viewer of a PDF, inside the player's. */
const OWN_PAGES = ["/player/media.html", ".pdf"];

/**
 * What the page is no good for, one line a finding. What packages bring is not ours: of frames, only our own
 * is looked at, and of the viewer what is around the PDF.
 *
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
async function findings(page) {
    const cdp = await page.createCDPSession();
    const { frameTree } = await cdp.send("Page.getFrameTree");
    const inside = (frameTree.childFrames ?? []).map((it) => it.frame).filter((it) => OWN_PAGES.some((own) => new URL(it.url).pathname.endsWith(own)));
    const found = [];
    for (const frame of [frameTree.frame, ...inside]) {
        // A world of its own beside the page's scripts: whatever clock they were given, axe waits by the real one.
        const { executionContextId: contextId } = await cdp.send("Page.createIsolatedWorld", { frameId: frame.id, worldName: "axe" });
        const expression = `${SOURCE}; axe.run({ exclude: [".pdfViewer"] }, { iframes: false, resultTypes: ["violations"] }).then(({ violations }) => violations.flatMap((it) =>
            it.nodes.map((node) => [it.id, node.html.slice(0, 200), node.failureSummary].join(": ").replaceAll(/\\s+/g, " "))))`;
        const { result, exceptionDetails } = await cdp.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true, userGesture: false });
        assert.equal(exceptionDetails, undefined, `axe failed on ${frame.url}: ${exceptionDetails?.exception?.description}`);
        found.push(.../** @type {string[]} */ (result.value));
    }
    await cdp.detach();
    return found;
}

/**
 * Nothing in the page stands in anybody's way, as far as a program can tell.
 *
 * @param {Page} page
 * @param {string} what Which page, and how it is shown.
 */
export async function isAccessible(page, what) {
    assert.deepEqual(await findings(page), [], `axe on ${what}`);
}
