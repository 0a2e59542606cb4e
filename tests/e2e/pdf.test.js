// @ts-check
// PDFs in the viewer: what a learner does with one, what a course that fetches or saves one gets, and the report.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), the pages are kept there as pictures.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ExitBrowser, OTHER_MACHINE } from "./exit_browser.js";
import { onlyPdf, withFiles, withPdf } from "./packages.js";
import { pdf } from "./pdf_file.js";
import { lookAt } from "./pictures.js";
import { RealTime } from "./real_time.js";
import { says, until } from "./until.js";
import { SECOND, World } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** @param {Course} course @param {string} expression Evaluated in the viewer, which is the course's frame. */
const inViewer = (course, expression) =>
    // No `eval` in it: its policy allows none.
    course.read(`((document, location) => (${expression}))(frames[0].document, frames[0].location)`);
const SHOWN = "document.getElementById('cover').hidden";
const PAGE = "document.getElementById('page').value";

/** @param {Course} course @param {string} expression What comes true in the viewer while test time goes by. */
async function comes(course, expression) {
    // The viewer reads a PDF in a worker, which no test clock moves.
    for (const since = performance.now(); !(await inViewer(course, expression));) {
        assert.ok(performance.now() < since + 60_000, `it never came true: ${expression}; ${await inViewer(course, "document.body.innerText")}`);
        await course.advance(SECOND);
    }
}

test("a lesson is read by keys, searched, and its pages are in the report", async () => {
    const topic = await world.importPackage(await onlyPdf("Fire drill"), "Safety on board");
    const course = await world.launch(topic, "anna");
    await course.page.mouse.click(900, 400); // From here on, keys go to the PDF.
    await comes(course, SHOWN);
    await course.advance(2 * SECOND);
    const { keyboard } = course.page;
    for (const [key, page] of /** @type {[import("puppeteer-core").KeyInput, string][]} */ ([
        ["ArrowRight", "2"], ["ArrowRight", "3"], ["ArrowLeft", "2"], ["End", "30"], ["Home", "1"],
    ])) {
        await keyboard.press(key);
        await comes(course, `${PAGE} === "${page}"`);
    }
    await keyboard.press("+");
    await comes(course, "document.getElementById('zoom').value === 'custom'");
    await keyboard.press("0");
    await comes(course, "document.getElementById('zoom').value === 'auto'");
    await keyboard.down("Control");
    await keyboard.press("f");
    await keyboard.up("Control");
    await keyboard.type("needle");
    await comes(course, "document.getElementById('found').textContent === '1 of 1'");
    assert.equal(await inViewer(course, PAGE), "30");
    await course.advance(2 * SECOND);
    await lookAt(course, "pdf", { alsoFits: () => inViewer(course, "document.documentElement.scrollWidth <= document.documentElement.clientWidth") });
    await keyboard.press("Escape");
    await course.advance(2 * SECOND);
    await course.close();

    const { documents } = await world.closedRow("anna");
    assert.equal(documents.length, 1);
    const [{ pages, seen_pages, seen = [] }] = documents;
    assert.equal(pages, 30);
    assert.ok(seen_pages >= 2 && seen_pages < 15, `${seen_pages} pages`);
    assert.ok(seen.some(([first]) => first === 1) && seen.some(([, last]) => last === 30), JSON.stringify(seen));
    const page = await world.newTab();
    await page.goto(await world.reportUrl("anna"));
    await until(page, "document.querySelectorAll('tr.row').length === 1");
    await page.evaluate("[...document.querySelectorAll('button')].find((it) => (it.getAttribute('aria-label') ?? '').startsWith('Details'))?.click()");
    await says(page, `${seen_pages} of 30 pages seen`);
    const shoot = async (/** @type {`${string}.png`} */ path) => {
        await page.evaluate("document.querySelector('.whole .media').scrollIntoView({ block: 'center' })");
        await page.screenshot({ path });
    };
    await lookAt({ page, read: (/** @type {string} */ it) => page.evaluate(it) }, "pdf-report", { shoot });
    await page.close();
});

test("links of a PDF lead to its pages, and to other websites in windows that know nothing of this one", async () => {
    const topic = await world.importPackage(await onlyPdf("Links"), "PDF");
    const course = await world.launch(topic, "links");
    await comes(course, "document.querySelectorAll('.annotationLayer a').length === 2");
    const links = await inViewer(course, "JSON.stringify([...document.querySelectorAll('.annotationLayer a')].map((it) => [it.href.startsWith(location.origin), it.target, it.rel.split(' ').includes('noopener')]))");
    assert.deepEqual(JSON.parse(links), [[true, "", false], [false, "_blank", true]]);
    await inViewer(course, "document.querySelector('.annotationLayer a').click()");
    await comes(course, `${PAGE} === "3"`);
    await inViewer(course, "void (location.hash = '#page=7')");
    await comes(course, `${PAGE} === "7"`);
    assert.deepEqual(course.failures, []);
    await course.close();
});

test("a protected PDF asks for its password, and a damaged one says so", async () => {
    const topic = await world.importPackage(await withFiles("Files", { "locked.pdf": pdf(3, { password: "sesame" }), "damaged.pdf": Buffer.from("no PDF") }), "PDF");
    const course = await world.launch(topic, "files");
    const said = "document.getElementById('cover-text').textContent";
    await course.inContent("void (location.href = new URL('damaged.pdf', location.href).href)");
    await course.until(`frames[0].document.getElementById('cover-text') !== null`);
    await comes(course, `${said}.startsWith('This file cannot be shown: it is not a PDF, or it is damaged')`);
    await inViewer(course, "void (location.href = new URL('locked.pdf', location.href).href)");
    await course.until("frames[0].location.pathname.endsWith('locked.pdf') && frames[0].document.readyState === 'complete'");
    await comes(course, "!document.getElementById('unlock').hidden");
    await inViewer(course, "document.getElementById('password').focus()");
    await course.page.keyboard.type("open\n");
    await comes(course, `${said}.startsWith('This password does not open the PDF')`);
    await course.page.keyboard.type("sesame\n");
    await comes(course, SHOWN);
    await course.close();
});

test("content that fetches a PDF gets its bytes, whether or not it shows it as well", async () => {
    const topic = await world.importPackage(await withPdf("Fetching", `<iframe src="lesson.pdf"></iframe>`), "PDF");
    const course = await world.launch(topic, "fetching");
    const first = "fetch('lesson.pdf').then((it) => it.arrayBuffer()).then((it) => String.fromCharCode(...new Uint8Array(it, 0, 5)))";
    assert.equal(await course.read(`frames[0].eval(${JSON.stringify(first)})`), "%PDF-");
    await course.inContent("document.querySelector('iframe').contentWindow.location.reload()");
    await course.until("frames[0].frames[0].seattimePdf !== undefined");
    assert.equal(await course.read(`frames[0].eval(${JSON.stringify(first)})`), "%PDF-");
    await course.close();
});

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    test(`a link that saves a PDF saves the PDF (${browser})`, async () => {
        const folder = mkdtempSync(join(tmpdir(), "seattime-saved-"));
        const device = new ExitBrowser(browser, join(folder, "profile"));
        try {
            const topic = await world.importPackage(await withPdf("Saving", `<a id="save" download="saved.pdf" href="lesson.pdf">Save</a>`), "PDF");
            const course = await world.launch(topic, `saving in ${browser}`, { device: /** @type {any} */ (device) });
            // Where it would be saved says the address that is asked for, in both browsers alike.
            await course.advance(2 * SECOND);
            await course.inContent("addEventListener('click', (event) => { event.preventDefault(); window.asked = event.target.href; })");
            await course.inContent("document.getElementById('save').click()");
            const asked = await course.read("frames[0].asked");
            const headers = { "sec-fetch-dest": browser === "firefox" ? "document" : "empty", accept: "text/html,*/*;q=0.8" };
            const saved = Buffer.from(await (await fetch(asked, { headers })).arrayBuffer());
            assert.deepEqual(saved, pdf(30));
            await course.close();
        } finally {
            await device.close();
            rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
        }
    });
}

/**
 * Opens a PDF of a package, in a frame of its page, in a browser of its own in real time.
 *
 * @param {import("./bare.js").Browser} browser
 * @param {string} body What shows it.
 * @param {(page: import("puppeteer-core").Page, url: URL) => Promise<void>} look
 * @param {string[]} options What the server is started with.
 */
async function inRealTime(browser, body, look, ...options) {
    const folder = mkdtempSync(join(tmpdir(), "seattime-pdf-"));
    const device = new ExitBrowser(browser, join(folder, "profile"));
    const real = await RealTime.begin(...options);
    try {
        const { topic } = await real.api("/api/v1/packages?course=PDF", await withPdf("PDF", body));
        const request = { learner: { id: "anna", name: "Anna" }, topic };
        const { url } = await real.api("/api/v1/launches", request, { "idempotency-key": "pdf" });
        await look(await device.newPage(), new URL(url));
    } finally {
        await device.close();
        await real.end();
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
}

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    for (const [name, body] of [["an embed", `<embed type="application/pdf" src="lesson.pdf">`], ["an object", `<object data="lesson.pdf"></object>`], ["a frame", `<iframe src="lesson.pdf"></iframe>`]]) {
        test(`over plain http from another machine, ${name} has the viewer too (${browser})`, () => inRealTime(browser, body, async (page, url) => {
            url.hostname = OTHER_MACHINE;
            await page.goto(url.href);
            // Firefox begins with its own viewer, of which no page reads anything.
            await until(page, "(() => { try { return frames[0].frames[0].seattimePdf.pages === 30; } catch { return false; } })()");
            assert.equal(await page.evaluate("isSecureContext"), false);
        }));
    }

    test(`without the viewer, the player says that reading cannot be seen (${browser})`, () => inRealTime(browser, `<iframe src="lesson.pdf"></iframe>`, async (page, url) => {
        await page.goto(url.href);
        await says(page, "Reading inside this PDF cannot be seen");
        const kind = "fetch(new URL('lesson.pdf', frames[0].location)).then((it) => it.headers.get('content-type') + ' ' + it.headers.get('vary'))";
        assert.equal(await page.evaluate(kind), "application/pdf null");
        if (browser === "chrome") await lookAt({ page, read: (/** @type {string} */ it) => page.evaluate(it) }, "pdf-unseen");
    }, "--pdf-viewer", "off"));
}
