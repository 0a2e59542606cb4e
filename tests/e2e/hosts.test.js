// @ts-check
// Other hosts, in Chromium and Firefox: an LMS of another origin that shows the player in a frame, and courses that load
// from elsewhere. What does not work is said, by the player and on the package's page.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ExitBrowser } from "./exit_browser.js";
import { playing } from "./packages.js";
import { lookAt } from "./pictures.js";
import { RealTime } from "./real_time.js";
import { giveKey, says, until } from "./until.js";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./bare.js").Browser} Kind */

const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
const folder = mkdtempSync(join(tmpdir(), "seattime-hosts-"));
/** @type {RealTime} */
let world;
/** @type {Map<Kind, ExitBrowser>} */
const browsers = new Map();
/** Servers of a test's own. @type {import("node:http").Server[]} */
const servers = [];

before(async () => void (world = await RealTime.begin()));
after(async () => {
    for (const it of browsers.values()) await it.close();
    for (const it of servers) it.closeAllConnections();
    for (const it of servers) it.close();
    await world.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** @param {Kind} kind @returns {Promise<Page>} */
function newPage(kind) {
    const known = browsers.get(kind) ?? new ExitBrowser(kind, join(folder, kind));
    browsers.set(kind, known);
    return known.newPage();
}

/** @param {import("node:http").RequestListener} answer @returns {Promise<number>} Its port. */
async function listen(answer) {
    const server = createServer(answer);
    servers.push(server);
    await new Promise((resolve) => server.listen(0, () => resolve(undefined)));
    return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

/** A page of an LMS, of an origin of its own; what content says to it is in `said`. @param {string} body @returns {Promise<number>} Its port. */
function lms(body) {
    const page = `<!doctype html><title>LMS</title><style>iframe, object { width: 1000px; height: 700px }</style>
        <script>window.said = []; addEventListener("message", (event) => said.push(event.data))</script>${body}`;
    return listen((_, response) => void response.writeHead(200, { "content-type": "text/html" }).end(page));
}

let launches = 0;

/** @param {string} topic @param {string} learner @param {RealTime} [at] @returns {Promise<string>} */
async function launch(topic, learner, at = world) {
    const body = { learner: { id: learner, name: learner }, topic };
    return (await at.api("/api/v1/launches", body, { "idempotency-key": `hosts-${++launches}` })).url;
}

/** @param {string} title @param {string} body @param {object} [more] @param {RealTime} [at] @returns {Promise<string>} The topic. */
async function imported(title, body, more = {}, at = world) {
    const zip = await playing(title, body, /** @type {any} */ (more));
    return (await at.api(`/api/v1/packages?course=${encodeURIComponent(title)}`, zip)).topic;
}

/** Says what other hosts a course may use. @param {string} course @param {unknown} hosts */
async function allow(course, hosts) {
    const response = await fetch(`${world.url}/api/v1/courses/${encodeURIComponent(course)}`, {
        method: "PUT", body: JSON.stringify({ external_hosts: hosts }),
        headers: { authorization: `Bearer ${world.key}`, "content-type": "application/json", "if-match": "*" },
    });
    assert.equal(response.status, 200, await response.text());
}

/** The player, in whichever frame of a page it is. @param {Page} page */
async function player(page) {
    for (;;) {
        const found = page.frames().find((it) => it.url().includes("/player/"));
        if (found) return found;
        await new Promise((resolve) => page.once("frameattached", resolve).once("framenavigated", resolve));
    }
}

/** Waits until the player in a frame says something. @param {Page} page @param {string} text */
async function playerSays(page, text) {
    const frame = await player(page);
    await frame.waitForFunction((it) => document.body?.innerText.includes(it), { polling: 50, timeout: 30_000 }, text)
        .catch(async (error) => { throw new Error(`waited for ${text}, but the player says ${await frame.evaluate("document.body.innerText")}`, { cause: error }); });
}

// Says to the LMS, whichever frame that is, what the API answers.
const TELLS = `<p>Content</p><script>addEventListener("load", function () {
    top.postMessage([call("SetValue", "cmi.core.lesson_status", "completed"), call("Commit")].join(), "*");
})</script>`;

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

    test(`requests to hosts that a policy blocks are counted and shown, in ${name}`, async () => {
        const title = `Elsewhere ${kind}`;
        const topic = await imported(title, `<script src="https://cdn.invalid/lib.js"></script><link rel="stylesheet" href="https://cdn.invalid/a.css">
            <img src="https://pics.invalid/a.png" alt=""><iframe src="inner.html" title="Inner"></iframe><iframe src="https://frames.invalid/" title="Other"></iframe>
            <script>fetch("https://cdn.invalid/x").catch(() => {})</script>`, { "inner.html": `<img src="https://inner.invalid/b.png" alt="">` });
        await allow(title, "none");
        const page = await newPage(kind);
        await page.goto(await launch(topic, `blocked ${kind}`));
        await says(page, "Something may be missing");
        // What a frame within content asks for before anybody listens there, browsers report to the server alone.
        await until(page, `/blocked, to .* and [23] other websites/.test(document.getElementById("blocked").textContent)`);
        if (kind === "chrome") await lookAt({ page, read: (script) => page.evaluate(script) }, "player-blocked");
        await page.close();
        const expected = ["cdn.invalid connect-src 1", "cdn.invalid script-src 1", "cdn.invalid style-src 1", "frames.invalid frame-src 1",
            "inner.invalid img-src 1", "pics.invalid img-src 1"];
        const found = await shown(topic, (rows) => rows.length >= expected.length);
        assert.deepEqual(found, expected);
    });

    test(`a host that a course names is asked, and no other, in ${name}`, async () => {
        const port = await listen(({ url = "" }, response) => {
            const [type, body] = /** @type {[string, string | Buffer]} */ (url.endsWith(".js") ? ["text/javascript", "window.lib = 1"] : url.endsWith(".css") ? ["text/css", "p { color: rgb(1, 2, 3) }"]
                : url.endsWith(".gif") ? ["image/gif", PIXEL] : ["text/plain", "data"]);
            response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*" }).end(body);
        });
        const other = `http://127.0.0.1:${port}`;
        const title = `Named ${kind}`;
        const topic = await imported(title, `<p>Content</p><script src="${other}/lib.js"></script><link rel="stylesheet" href="${other}/a.css"><img src="${other}/a.gif" alt="">
            <script>addEventListener("load", async () => {
                const got = await fetch("${other}/x").then((it) => it.text(), () => "refused");
                const { color } = getComputedStyle(document.querySelector("p"));
                top.found = [typeof lib, color === "rgb(1, 2, 3)", document.querySelector("img").naturalWidth, got].join();
            })</script>`);
        // Without encryption a host is asked only where it is named so.
        for (const [hosts, expected] of /** @type {[unknown, string][]} */ ([["https", "undefined,false,0,refused"], [[other], "number,true,1,data"]])) {
            await allow(title, hosts);
            const page = await newPage(kind);
            await page.goto(await launch(topic, `named ${kind}`));
            await until(page, "window.found !== undefined");
            assert.equal(await page.evaluate("found"), expected, JSON.stringify(hosts));
            await page.close();
        }
        const rows = await shown(topic, (it) => it.length >= 4);
        assert.deepEqual(rows, ["connect-src", "img-src", "script-src", "style-src"].map((it) => `${other} ${it} 1`));
    });

    test(`under the policy of every server only a form to another host is blocked, and shown, in ${name}`, async () => {
        const topic = await imported(`Form ${kind}`, `<script src="https://cdn.invalid/lib.js"></script><img src="https://pics.invalid/a.png" alt="">
            <form action="https://forms.invalid/x" method="post"><button>Send</button></form>
            <script>addEventListener("load", () => document.querySelector("form").submit())</script>`);
        const page = await newPage(kind);
        await page.goto(await launch(topic, `form ${kind}`));
        await says(page, "1 request of this course was blocked, to forms.invalid.");
        assert.deepEqual(await shown(topic, (rows) => rows.length > 0), ["forms.invalid form-action 1"]);
        await page.close();
    });

    test(`scripts and styles of unusual names run, in ${name}`, async () => {
        const files = {
            "lib.js.download": "window.a1 = 1", "data.json": "window.a2 = 2", noext: "window.a3 = 3", "old.jsx": "window.a4 = 4",
            "s.css.php": "body { color: rgb(1, 2, 3) }", "p.jfif": PIXEL, "page.asp": "<!doctype html><script>parent.a5 = 5</script>",
        };
        const scripts = ["lib.js.download", "data.json", "noext", "old.jsx"].map((it) => `<script src="${it}"></script>`).join("");
        const topic = await imported("Types", `${scripts}<link rel="stylesheet" href="s.css.php"><img src="p.jfif" alt=""><iframe src="page.asp" title="Page"></iframe>
            <script>addEventListener("load", () => {
                top.found = [window.a1, window.a2, window.a3, window.a4, window.a5, getComputedStyle(document.body).color, document.querySelector("img").naturalWidth].join(" ");
            })</script>`, files);
        const page = await newPage(kind);
        await page.goto(await launch(topic, `types ${kind}`));
        await until(page, "window.found !== undefined");
        assert.equal(await page.evaluate("found"), "1 2 3 4 5 rgb(1, 2, 3) 1");
        await page.close();
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

/**
 * What the package's page is told that browsers blocked, once it is as the test waits for.
 *
 * @param {string} topic
 * @param {(rows: string[]) => boolean} isReady
 * @returns {Promise<string[]>}
 */
async function shown(topic, isReady) {
    for (let n = 0; ; n++) {
        const { blocked } = await world.api(`/api/v1/packages/${topic}`);
        const rows = blocked.map((/** @type {any} */ it) => `${it.host} ${it.directive} ${it.count}`).sort();
        // Browsers send reports when they like.
        if (isReady(rows) || n > 1200) return rows;
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
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

test("the page of a package says which hosts it was kept from, and what its course may use", async () => {
    const topic = await imported("On the page", `<script src="https://cdn.invalid/lib.js"></script><img src="https://cdn.invalid/a.png" alt="">`);
    await allow("On the page", ["*.films.example"]);
    const learner = await newPage("chrome");
    await learner.goto(await launch(topic, "page"));
    await says(learner, "Something may be missing");
    await shown(topic, (rows) => rows.length === 2);
    await learner.close();
    const page = await newPage("chrome");
    await page.goto(`${world.url}/packages/#${topic}`);
    await giveKey(page, world.key);
    for (const text of ["Blocked requests to other hosts", "cdn.invalid", "scripts", "pictures", "Content may use these other hosts: *.films.example"]) await says(page, text);
    await lookAt({ page, read: (script) => page.evaluate(script) }, "package-blocked");
    await page.close();
});
