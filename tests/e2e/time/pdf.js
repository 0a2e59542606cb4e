// @ts-check
// A PDF is read for seven minutes: by the wheel, by keys and by the mouse, in each way that packages show one.

import assert from "node:assert/strict";
import { onlyPdf, withPdf } from "../packages.js";
import { SECOND } from "../world.js";

/** @typedef {import("../course.js").Course} Course */
/** @typedef {import("puppeteer-core").Page} Page */

const FILLS = `style="display: block; border: 0; width: 100%; height: 100vh"`;
/** Where nothing is heard for longer than this, time stops: so each kind of input has to be heard by itself. */
const IDLE_LIMIT_MS = 20_000;

/** The window of the viewer, wherever it is in the player's. */
const VIEWER = `(function find(window) {
    if (window.seattimePdf) return window;
    for (let n = 0; n < window.frames.length; n++) {
        const found = find(window.frames[n]);
        if (found) return found;
    }
})(window)`;

/** Each may be opened by a click, in a window of its own or not. @type {[name: string, content: () => Promise<Uint8Array>, opens?: "here" | "window"][]} */
const FORMS = [
    ["as the SCO", () => onlyPdf("PDF")],
    ["in an embed", () => withPdf("PDF in an embed", `<embed ${FILLS} type="application/pdf" src="lesson.pdf">`)],
    ["in an object", () => withPdf("PDF in an object", `<object ${FILLS} type="application/pdf" data="lesson.pdf"></object>`)],
    ["in a frame", () => withPdf("PDF in a frame", `<iframe ${FILLS} src="lesson.pdf#page=2"></iframe>`)],
    ["behind a link", () => withPdf("PDF behind a link", `<a ${FILLS} href="lesson.pdf">The lesson</a>`), "here"],
    ["in a window that a link opens", () => withPdf("PDF in a window", `<a ${FILLS} href="lesson.pdf" target="_blank">The lesson</a>`), "window"],
];

/** @type {import("../stage.js").Story[]} */
export default FORMS.map(([name, content, opens]) => ({
    heading: "Presence",
    name: `reading a PDF ${name}`,
    course: "PDF",
    // The driver of Firefox does not say which window a page opened.
    browsers: opens === "window" ? ["chrome"] : ["chrome", "firefox"],
    content,
    truthS: 420, // A sign every ten seconds, from the first to the last.
    withinS: 2,
    take: async (stage) => {
        const body = JSON.stringify({ idle_limit_ms: IDLE_LIMIT_MS });
        await stage.world.api("/api/v1/courses/PDF", { method: "PUT", body, headers: { "content-type": "application/json", "if-match": "*" } });
        const course = await stage.open();
        /** @type {Promise<Page | null> | undefined} */
        const opened = opens === "window" ? new Promise((resolve) => course.page.once("popup", resolve)) : undefined;
        if (opens) await course.clickContent();
        const page = await opened ?? course.page;
        /** @returns {Promise<any>} */
        const viewer = async () => opened ? page.evaluate("window.seattimePdf") : course.read(`${VIEWER}?.seattimePdf`);
        for (let n = 0; !(await viewer()); n++) {
            assert.ok(n < 1200, "the viewer is not shown");
            await course.quiet();
        }
        const { mouse, keyboard } = page;
        const [x, y] = [640, 400];
        await mouse.click(x, y); // From here on, keys go to the PDF.
        await course.quiet();
        /** @type {((n: number) => Promise<void>)[]} */
        const inputs = [
            () => mouse.wheel({ deltaY: 300 }),
            () => keyboard.press("PageDown"),
            (n) => mouse.move(x + n, y),
        ];
        for (const input of inputs) {
            for (let n = 0; n < 14; n++) {
                await course.advance(10 * SECOND);
                await input(n);
                await course.quiet();
            }
        }
        if (opened) {
            // A window of its own has the clock of the machine, by which no page was shown for a second yet.
            await keyboard.press("Home");
            await page.waitForFunction(() => /** @type {any} */ (window).seattimePdf.seen.length > 0, { polling: 50 });
            await course.advance(SECOND);
        }
        const { pages, seen } = await viewer();
        assert.equal(pages, 30);
        assert.ok(seen.length > 0);
        if (opened) await page.close();
        await course.close();
    },
    check: ({ documents }) => {
        const [it] = documents;
        assert.equal(documents.length, 1);
        assert.equal(it.pages, 30);
        assert.match(it.key, /(lesson|0)\.pdf$/);
        // Fourteen times most of a window by keys: over five pages in Firefox's, which is half as high as a page. Not all.
        assert.ok(it.seen_pages >= (opens === "window" ? 1 : 5) && it.seen_pages < 30, `${it.seen_pages} pages`);
    },
}));
