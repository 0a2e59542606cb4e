// @ts-check
// Courses that load from other hosts, in Chromium and Firefox. What a policy blocks is said, by the player and on the
// package's page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { imported, launch, listen, newPage, world } from "./lms_page.js";
import { lookAt } from "./pictures.js";
import { giveKey, says, until } from "./until.js";

/** @typedef {import("./bare.js").Browser} Kind */

const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

/** Says what other hosts a course may use. @param {string} course @param {unknown} hosts */
async function allow(course, hosts) {
    const response = await fetch(`${world.url}/api/v1/courses/${encodeURIComponent(course)}`, {
        method: "PUT", body: JSON.stringify({ external_hosts: hosts }),
        headers: { authorization: `Bearer ${world.key}`, "content-type": "application/json", "if-match": "*" },
    });
    assert.equal(response.status, 200, await response.text());
}

for (const kind of /** @type {Kind[]} */ (["chrome", "firefox"])) {
    const name = kind === "chrome" ? "Chromium" : "Firefox";

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
