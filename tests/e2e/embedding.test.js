// @ts-check
// The player inside an LMS of another origin, in Chromium and Firefox: it works there, or says why not.

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { TELLS, imported, launch, listen, lms, newPage, playerSays, world } from "./lms_page.js";
import { lookAt } from "./pictures.js";
import { RealTime } from "./real_time.js";
import { says, until } from "./until.js";

/** @typedef {import("./bare.js").Browser} Kind */

const EMBEDDINGS = /** @type {[name: string, host: string, body: (url: string) => string][]} */ ([
    ["an iframe", "127.0.0.1", (url) => `<iframe src="${url}"></iframe>`],
    ["an iframe of another site", "localhost", (url) => `<iframe src="${url}"></iframe>`],
    ["a sandboxed iframe", "127.0.0.1", (url) => `<iframe sandbox="allow-scripts allow-same-origin" src="${url}"></iframe>`],
    ["an object", "127.0.0.1", (url) => `<object type="text/html" data="${url}"></object>`],
    ["an iframe in a document of text", "127.0.0.1", (url) => `<iframe srcdoc='<iframe width=900 height=600 src="${url}"></iframe>'></iframe>`],
]);

for (const kind of /** @type {Kind[]} */ (["chrome", "firefox"])) {
    const name = kind === "chrome" ? "Chromium" : "Firefox";

    test(`an LMS of another origin shows a course in a frame, in ${name}`, async () => {
        const topic = await imported("Framed", TELLS);
        for (const [n, [embedding, host, body]] of EMBEDDINGS.entries()) {
            const learner = `${kind} ${n}`;
            const port = await lms(body(await launch(topic, learner)));
            const page = await newPage(kind);
            await page.goto(`http://${host}:${port}/`);
            await until(page, `said.includes("true,true")`).catch((error) => { throw new Error(embedding, { cause: error }); });
            await playerSays(page, "Saved");
            const { rows } = await world.api(`/api/v1/report?learner=${encodeURIComponent(learner)}`);
            assert.equal(rows[0]?.status, "completed", embedding);
            await page.close();
        }
    });

    test(`a sandbox in which no course can work is named, in ${name}`, async () => {
        const topic = await imported("Framed", TELLS);
        const port = await lms(`<iframe sandbox="allow-scripts" src="${await launch(topic, `sandboxed ${kind}`)}"></iframe>`);
        const page = await newPage(kind);
        await page.goto(`http://127.0.0.1:${port}/`);
        await playerSays(page, "This course cannot run inside this page.");
        await playerSays(page, "allow-same-origin");
        await page.close();
    });

    test(`a browser without storage launches and commits, in ${name}`, async () => {
        const topic = await imported("Framed", TELLS);
        const page = await newPage(kind);
        await page.evaluateOnNewDocument(`for (const name of ["indexedDB", "localStorage", "sessionStorage"]) {
            Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
        }
        LockManager.prototype.request = () => Promise.reject(new DOMException("denied", "SecurityError"));
        window.unhandled = [];
        addEventListener("unhandledrejection", (event) => unhandled.push(String(event.reason)));`);
        await page.goto(await launch(topic, `no storage ${kind}`));
        await says(page, "Saved");
        const { rows } = await world.api(`/api/v1/report?learner=${encodeURIComponent(`no storage ${kind}`)}`);
        assert.equal(rows[0]?.status, "completed");
        assert.deepEqual(await page.evaluate("unhandled"), []);
        await page.close();
    });

    test(`content that is not shown is said to be missing, and why, in ${name}`, async () => {
        const topic = await imported("Framed", TELLS);
        const cases = /** @type {[how: string, texts: string[]][]} */ ([
            ["deny", ["Your browser does not show this course inside another website.", "X-Frame-Options: DENY"]],
            ["missing", ["A page of this course is missing.", "The server answered 404 for 0.html"]],
            ["cut", ["The course could not be loaded."]],
        ]);
        for (const [how, texts] of cases) {
            const { port } = new URL(world.runUrl);
            const proxy = await listen((from, to) => {
                const isContent = from.url?.startsWith("/content/");
                if (isContent && how === "cut") return void from.destroy();
                if (isContent && how === "missing") return void to.writeHead(404, { "content-type": "application/problem+json" }).end("{}");
                const asked = request({ host: "127.0.0.1", port, path: from.url, method: from.method, headers: from.headers }, (answer) => {
                    const extra = isContent ? { "x-frame-options": "DENY" } : {};
                    to.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...extra });
                    answer.pipe(to);
                });
                from.pipe(asked);
            });
            const page = await newPage(kind);
            const url = new URL(await launch(topic, `${how} ${kind}`));
            url.host = `127.0.0.1:${proxy}`;
            await page.goto(url.href);
            for (const text of texts) await says(page, text);
            assert.match(String(await page.evaluate(`document.getElementById("saving").textContent`)), /The course is not shown/);
            if (kind === "chrome" && how === "deny") {
                await lookAt({ page, read: (script) => page.evaluate(script) }, "player-not-shown");
            }
            await page.close();
        }
    });

    test(`a dialog that is refused inside another page is said by the player, in ${name}`, async () => {
        const topic = await imported("Dialogs", `<script>addEventListener("load", () => {
            alert("Welcome on board.");
            top.postMessage(String(confirm("Leave now?")), "*");
        })</script>`);
        const port = await lms(`<iframe sandbox="allow-scripts allow-same-origin" src="${await launch(topic, `dialogs ${kind}`)}"></iframe>`);
        const page = await newPage(kind);
        await page.goto(`http://localhost:${port}/`);
        await until(page, `said.includes("false")`);
        await playerSays(page, "The course asked “Leave now?”, and your browser answered “Cancel”");
        await page.close();
    });
}

test("where origins are named, pages of others show neither player nor content", async () => {
    const topic = await imported("Framed", TELLS);
    const port = await lms(`<script>
        const frame = document.createElement("iframe");
        frame.onload = () => said.push("loaded");
        frame.src = decodeURIComponent(location.hash.slice(1));
        document.documentElement.append(frame);
    </script>`);
    const strict = await RealTime.begin("--embed-origins", `http://localhost:${port}`);
    try {
        const own = await imported("Framed", TELLS, {}, strict);
        assert.equal(own, topic);
        for (const [host, isShown] of /** @type {const} */ ([["127.0.0.1", false], ["localhost", true]])) {
            const page = await newPage("chrome");
            await page.goto(`http://${host}:${port}/#${encodeURIComponent(await launch(own, host, strict))}`);
            await until(page, `said.includes("${isShown ? "true,true" : "loaded"}")`);
            assert.equal(page.frames().some((it) => it.url().includes("/player/")), isShown, host);
            await page.close();
        }
    } finally {
        await strict.end();
    }
});
