// @ts-check
// A page with nothing but the run-time and a frame, in a browser of one's choice: for what needs no server.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import puppeteer from "puppeteer-core";
import { ROOT, program } from "./testbed.js";

/** @typedef {"chrome" | "firefox"} Browser */

const TYPES = /** @type {Record<string, string>} */ ({
    ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm",
});
const PAGE = `<!doctype html><html lang="en"><title>Bare</title><link rel="icon" href="data:,"><iframe id="content" title="Content"></iframe></html>`;
const CONTENT = "<!doctype html><title>Content</title>";
/** Stops what it can before anything else hears of it. */
const STOPPING = `<!doctype html><title>Stopping</title><script>
    var stopped = 0;
    ["pointerdown", "pointerup", "pointermove", "keydown", "wheel", "click"].forEach(function (type) {
        addEventListener(type, function (event) { stopped++; event.stopImmediatePropagation() }, true);
    });
</script><p>Text</p>`;

/** A browser, a page, and who serves it the project's own files. */
export class Bare {
    /**
     * @param {import("node:http").Server} server
     * @param {import("puppeteer-core").Browser} browser
     * @param {import("puppeteer-core").Page} page
     */
    constructor(server, browser, page) {
        this.server = server;
        this.browser = browser;
        this.page = page;
    }

    /**
     * @param {Browser} browser
     * @param {Record<string, string>} [more] Other addresses, each with a file of the project.
     */
    static async open(browser, more = {}) {
        const server = createServer((request, response) => void serve(request, response, more));
        await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
        const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
        const launched = await puppeteer.launch({
            browser,
            executablePath: browser === "chrome" ? program("CHROMIUM", "/usr/bin/chromium") : program("FIREFOX", "/usr/bin/firefox-esr"),
            headless: true,
            args: browser === "chrome" ? ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] : [],
        });
        const page = await launched.newPage();
        await page.goto(`http://127.0.0.1:${port}/`);
        return new Bare(server, launched, page);
    }

    /**
     * Evaluates the body of an asynchronous function in the page.
     *
     * @param {string} body
     * @param {unknown} [given] What the body knows as `given`.
     */
    run(body, given) {
        return this.page.evaluate(`(async (given) => { ${body} })(${JSON.stringify(given ?? null)})`);
    }

    async close() {
        await this.browser.close();
        this.server.close();
    }
}

/** @type {Map<string, Promise<Buffer>>} */
const files = new Map();

/** A file after gzip, as a server keeps it ready. @param {string} path */
function packed(path) {
    const known = files.get(path) ?? readFile(path).then((it) => gzipSync(it, { level: 9 }));
    files.set(path, known);
    return known;
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 * @param {Record<string, string>} more
 */
async function serve(request, response, more) {
    const path = new URL(request.url ?? "/", "http://host").pathname;
    // Isolated from other pages, so that clocks are as fine as they can be.
    const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp", "cache-control": "no-store" };
    const texts = /** @type {Record<string, string>} */ ({
        "/": PAGE, "/content.html": CONTENT, "/other.html": CONTENT, "/stopping.html": STOPPING,
    });
    if (texts[path]) return response.writeHead(200, { ...headers, "content-type": TYPES[".html"] }).end(texts[path]);
    try {
        const file = more[path] ?? normalize(path).replace(/^\/+/, "");
        const type = { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-encoding": "gzip" };
        const bytes = await packed(join(ROOT, file));
        response.writeHead(200, { ...headers, ...type }).end(bytes);
    } catch {
        response.writeHead(404, headers).end();
    }
}
