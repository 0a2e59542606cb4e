// @ts-check
// Signs of the learner in pages that rewrite themselves, in windows that links and forms open, and in pages that stop
// events. The module is run as it stands in src/, so that a sign is heard or not without waiting for any clock.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, describe, test } from "node:test";
import { Bare } from "./bare.js";
import { WATCH, signs } from "./evidence_page.js";

// --- Pages that rewrite themselves ---

/** Random numbers that are the same each time. @param {number} seed */
function rng(seed) {
    let state = seed * 2654435761 >>> 0 || 1;
    return (/** @type {number} */ below) => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) % below;
    };
}

/** What every page of the property test holds: a place to click on, and room for frames. */
const PLACE = `<!doctype html><title>Page</title><body style="margin: 0"><p style="margin: 0; height: 24px">Here</p>`;
const FRAME = `border: 0; display: block; width: 90%; height: 300px`;

/** What may happen to a window `it`, as text; each ends when the browser is done with it. @type {Record<string, string>} */
const CHANGES = {
    "opens, writes and closes itself": `it.document.open(); it.document.write(PLACE); it.document.close();`,
    "rewrites itself from a script of its own": `it.eval("document.open(); document.write(" + JSON.stringify(PLACE) + "); document.close()");`,
    "is written to late, without an open": `it.document.write(PLACE); it.document.close();`,
    "is rewritten twice": `for (let n = 0; n < 2; n++) { it.document.open(); it.document.write(PLACE); it.document.close(); }`,
    "is written to and not closed": `it.document.open(); it.document.write(PLACE);`,
    "is rewritten in a timer": `await new Promise((resolve) => it.setTimeout(() => {
        it.document.open(); it.document.write(PLACE); it.document.close(); resolve();
    }));`,
    "is rewritten with a script that stops what it can": `it.document.open();
        it.document.write(PLACE + "<script>addEventListener('click', (event) => event.stopPropagation())<\\/script>"); it.document.close();`,
    "gets a frame that it writes into at once": `const frame = it.document.createElement("iframe"); frame.style = FRAME;
        it.document.body.append(frame);
        frame.contentDocument.open(); frame.contentDocument.write(PLACE); frame.contentDocument.close();`,
    "gets a frame that it writes into later": `const frame = it.document.createElement("iframe"); frame.style = FRAME;
        it.document.body.append(frame); await new Promise((resolve) => setTimeout(resolve, 20));
        frame.contentDocument.open(); frame.contentDocument.write(PLACE); frame.contentDocument.close();`,
    "gets a frame by an address": `const frame = it.document.createElement("iframe"); frame.style = FRAME;
        await new Promise((resolve) => { frame.onload = resolve; frame.src = "/content.html?" + Math.random(); it.document.body.append(frame); });
        frame.contentDocument.body.innerHTML = PLACE; frame.contentDocument.body.style.margin = 0;`,
    "gets a frame by srcdoc": `const frame = it.document.createElement("iframe"); frame.style = FRAME;
        await new Promise((resolve) => { frame.onload = resolve; frame.srcdoc = PLACE; it.document.body.append(frame); });`,
    "is rewritten with a frame in it": `it.document.open(); it.document.write(PLACE + "<iframe style='" + FRAME + "'></iframe>"); it.document.close();
        const inner = it.frames[0].document; inner.open(); inner.write(PLACE); inner.close();`,
    "has its frames replaced": `for (const old of [...it.document.querySelectorAll("iframe")]) {
        const frame = it.document.createElement("iframe"); frame.style = FRAME; old.replaceWith(frame);
        frame.contentDocument.open(); frame.contentDocument.write(PLACE); frame.contentDocument.close();
    }`,
    "is left for another page": `const { frameElement } = it;
        await new Promise((resolve) => { frameElement.addEventListener("load", resolve, { once: true }); it.location.href = "/content.html?" + Math.random(); });
        it.document.body.innerHTML = PLACE; it.document.body.style.margin = 0;`,
};

/** What the page knows of every window of content: the deepest ones last. */
const IN_PAGE = `
    const PLACE = given.place, FRAME = given.frame;
    const all = (it) => [it, ...Array.from({ length: it.frames.length }, (_, n) => all(it.frames[n])).flat()];
    const depth = (it) => it === window ? 0 : 1 + depth(it.parent);
`;

for (const [browser, seeds, steps] of /** @type {const} */ ([["chrome", 12, 14], ["firefox", 3, 10]])) {
    test(`whatever rewrites itself, the next sign is heard, in ${browser}`, async () => {
        const bare = await Bare.open(browser);
        const names = Object.keys(CHANGES);
        try {
            await bare.page.setViewport({ width: 1280, height: 800 });
            for (let seed = 1; seed <= seeds; seed++) {
                await bare.page.reload();
                await bare.run(WATCH);
                await bare.run(`frames[0].document.body.innerHTML = given; frames[0].document.body.style.margin = 0;`, PLACE);
                const roll = rng(seed);
                /** @type {string[]} */ const told = [];
                for (let n = 0; n < steps; n++) {
                    const name = names[roll(names.length)];
                    const pick = roll(1000);
                    told.push(name);
                    const at = /** @type {any} */ (await bare.run(`${IN_PAGE}
                        const reachable = all(frames[0]).filter((it) => depth(it) < 4);
                        const it = reachable[given.pick % reachable.length];
                        const late = new Promise((_, reject) => setTimeout(() => reject(new Error(given.told)), 5000));
                        await Promise.race([late, (async () => { ${CHANGES[name]} })()]);
                        const candidates = [it, ...(it.frames.length ? [it.frames[0]] : [])];
                        const seen = candidates[candidates.length - 1];
                        if (given.pick % 3 === 0) watched.look();
                        let [x, y] = [4, 4];
                        for (let up = seen; up !== window; up = up.parent) {
                            const box = up.frameElement.getBoundingClientRect();
                            x += box.x; y += box.y;
                        }
                        return { x, y, depth: depth(it), frames: it.frames.length };`,
                        { pick, place: PLACE, frame: FRAME, told: told.join("; ") }));
                    told.push(`${told.pop()} (depth ${at.depth}, ${at.frames} frames)`);
                    const before = await signs(bare.page);
                    await bare.page.mouse.click(at.x, at.y);
                    assert.ok(await signs(bare.page) > before, `seed ${seed}: ${told.join("; ")}`);
                }
            }
        } finally {
            await bare.close();
        }
    });
}

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    test(`content that stops every event at its own window is heard, in ${browser}`, async () => {
        const bare = await Bare.open(browser);
        try {
            await bare.run(WATCH.replace("/content.html", "/stopping.html"));
            for (const x of [100, 200]) {
                const before = await signs(bare.page);
                await bare.page.mouse.move(x, 100);
                await new Promise((resolve) => setTimeout(resolve, 300)); // Movements are noticed four times a second.
                await bare.page.mouse.move(x + 10, 100);
                await bare.page.mouse.wheel({ deltaY: 10 });
                await bare.page.mouse.click(x, 100);
                await bare.page.keyboard.press("a");
                // A movement, a press, its release and a key at least.
                assert.ok(await signs(bare.page) >= before + 4, "signs were lost");
            }
            assert.equal(await bare.page.evaluate("frames[0].stopped > 0"), true);
            // Written by itself, its script runs before anything else of the page does.
            await bare.run(`const it = frames[0];
                const text = await (await fetch("/stopping.html")).text();
                it.document.open(); it.document.write(text); it.document.close();`);
            const before = await signs(bare.page);
            await bare.page.mouse.click(150, 100);
            assert.ok(await signs(bare.page) > before, "signs of a page that was written were lost");
            assert.equal(await bare.page.evaluate("frames[0].stopped > 0"), true);
        } finally {
            await bare.close();
        }
    });
}

// --- Windows that links and forms open ---

/**
 * @typedef {object} Opening
 * @property {string} name
 * @property {string} body The content's page; what is clicked is `#it`. `ELSEWHERE` is another origin.
 * @property {string} [script] What is called instead of a click.
 * @property {import("puppeteer-core").KeyInput} [key] What is held down meanwhile.
 * @property {string[]} opens The paths of the windows that are there afterwards, besides the player's.
 * @property {boolean} [isHeard] Whether a click in the window is a sign; true, if left out.
 * @property {boolean} [hasOpener] Whether it has an opener; true, if left out.
 * @property {boolean} [isTwice] Clicked once more: it stays one window.
 * @property {import("./bare.js").Browser[]} [browsers]
 */

/** @type {Opening[]} */
const OPENINGS = [
    { name: "a named target", body: `<a id="it" href="/other.html" target="lesson">Go</a>`, opens: ["/other.html"], isTwice: true },
    { name: "a named target of the base element", body: `<base target="lesson"><a id="it" href="/other.html">Go</a>`, opens: ["/other.html"] },
    { name: "a link around other elements", body: `<a href="/other.html" target="lesson"><b><i id="it">Go</i></b></a>`, opens: ["/other.html"] },
    { name: "a link in a shadow root", body: `<div id="it" style="width: 20px"></div><script>
        it.attachShadow({ mode: "open" }).innerHTML = '<a href="/other.html" target="lesson">Go</a>'</script>`, opens: ["/other.html"] },
    { name: "an area of a picture", body: `<map name="m"><area id="it" shape="default" href="/other.html" target="lesson"></map>
        <img id="picture" usemap="#m" width="50" height="50" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">`,
    script: "document.getElementById('it').click()", opens: ["/other.html"] },
    { name: "a link of SVG", body: `<svg width="90" height="90"><a href="/other.html" target="lesson"><rect id="it" width="90" height="90"/></a></svg>`, opens: ["/other.html"] },
    { name: "_blank", body: `<a id="it" href="/other.html" target="_blank">Go</a>`, opens: ["/other.html"] },
    { name: "_BLANK of the base element", body: `<base target="_BLANK"><a id="it" href="/other.html">Go</a>`, opens: ["/other.html"] },
    { name: "_blank of an element that is in no document", body: "<p id=it>Go",
        script: "var a = document.createElement('a'); a.href = '/other.html'; a.target = '_blank'; a.click()", opens: ["/other.html"] },
    { name: "_blank that wants an opener", body: `<a id="it" href="/other.html" target="_blank" rel="opener">Go</a>`, opens: ["/other.html"] },
    { name: "_blank that wants none", body: `<a id="it" href="/other.html" target="_blank" rel="noopener">Go</a>`, opens: ["/other.html"], isHeard: false, hasOpener: false },
    { name: "a named target that wants no referrer", body: `<a id="it" href="/other.html" target="lesson" rel="NoReferrer">Go</a>`, opens: ["/other.html"], isHeard: false, hasOpener: false },
    { name: "a form with a named target", body: `<form action="/other.html" target="lesson"><input name="action" value="1"><button id="it">Go</button></form>`, opens: ["/other.html?action=1"] },
    { name: "a form that is posted", body: `<form method="post" action="/other.html" target="lesson"><input name="target" value="1"><button id="it">Go</button></form>`, opens: ["/other.html"] },
    { name: "a form with _blank", body: `<form method="post" action="/other.html" target="_blank"><button id="it">Go</button></form>`, opens: ["/other.html"] },
    { name: "a button with a target", body: `<form action="/other.html"><button id="it" name="b" value="2" formtarget="_blank">Go</button></form>`, opens: ["/other.html?b=2"] },
    { name: "a form that a script submits", body: `<form id="form" action="/other.html" target="lesson"></form><p id="it">Go`,
        script: "document.getElementById('form').submit()", opens: ["/other.html?"] },
    { name: "a form with _blank that a script submits", body: `<form id="form" action="/other.html" target="_blank"></form><p id="it">Go`,
        script: "document.getElementById('form').submit()", opens: ["/other.html?"] },
    // What opens nothing, or nothing that may be counted.
    { name: "a form of a dialog", body: `<dialog open style="position: static"><form method="dialog" target="lesson"><button id="it">Go</button></form></dialog>`, opens: [] },
    { name: "a link that content handles", body: `<a id="it" href="/other.html" target="_blank">Go</a><script>
        addEventListener("click", function (event) { event.preventDefault() })</script>`, opens: [] },
    { name: "a named link that content handles", body: `<a id="it" href="/other.html" target="lesson">Go</a><script>
        document.addEventListener("click", function (event) { event.preventDefault(); event.stopPropagation() })</script>`, opens: [] },
    { name: "a link that content opens itself", body: `<a id="it" href="/other.html" target="_blank" onclick="window.open(this.href); return false">Go</a>`, opens: ["/other.html"] },
    { name: "a form that content handles", body: `<form action="/other.html" target="_blank" onsubmit="return false"><button id="it">Go</button></form>`, opens: [] },
    { name: "a link to a frame that is there", body: `<iframe name="lesson"></iframe><a id="it" href="/other.html" target="lesson">Go</a>`, opens: [] },
    { name: "a link to itself", body: `<a id="it" href="#part" target="_self">Go</a>`, opens: [] },
    { name: "document.open with three arguments", body: "<p id=it>Go", script: "document.open('/other.html', 'lesson', ''); 0", opens: ["/other.html"] },
    { name: "a link to another origin", body: `<a id="it" href="ELSEWHERE/there" target="_blank">Go</a>`, opens: ["/there"], isHeard: false, hasOpener: false },
    { name: "a named link to another origin", body: `<a id="it" href="ELSEWHERE/there" target="lesson">Go</a>`, opens: ["/there"], isHeard: false, hasOpener: false }, // Its page is isolated.
    { name: "a link with a key held down", body: `<a id="it" href="/other.html" target="lesson">Go</a>`, key: "Control", opens: ["/other.html"], isHeard: false, hasOpener: false, browsers: ["chrome"] },
    { name: "a link whose click goes no further", body: `<a id="it" href="/other.html" target="lesson" onclick="event.stopPropagation()">Go</a>`, opens: ["/other.html"] },
];

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    describe(`windows in ${browser}`, async () => {
        const elsewhere = createServer((_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<title>There</title>"));
        await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", () => resolve(undefined)));
        const { port } = /** @type {import("node:net").AddressInfo} */ (elsewhere.address());
        const bare = await Bare.open(browser);
        after(async () => {
            await bare.close();
            elsewhere.close();
        });
        for (const it of OPENINGS) {
            if (it.browsers && !it.browsers.includes(browser)) continue;
            test(it.name, async () => {
                const page = await bare.browser.newPage();
                try {
                    await page.goto(bare.page.url());
                    await page.evaluate(`(async () => { ${WATCH} })()`);
                    await page.evaluate(`new Promise((resolve) => {
                        const frame = document.getElementById("content");
                        frame.onload = resolve;
                        frame.contentDocument.open();
                        frame.contentDocument.write(${JSON.stringify(it.body.replace("ELSEWHERE", `http://127.0.0.1:${port}`))});
                        frame.contentDocument.close();
                    })`);
                    const [content] = page.mainFrame().childFrames();
                    const others = async () => (await bare.browser.pages()).filter((one) => one !== page && one !== bare.page && one.url() !== "about:blank#first");
                    const before = await others();
                    const click = async () => {
                        if (it.key) await page.keyboard.down(it.key);
                        if (it.script) await content.evaluate(it.script);
                        else await (await content.$("#it"))?.click();
                        if (it.key) await page.keyboard.up(it.key);
                    };
                    await click();
                    /** @type {import("puppeteer-core").Page[]} */ let made = [];
                    const paths = () => made.map((one) => one.url().startsWith("http") ? one.url().replace(/^https?:..[^/]*/, "") : one.url());
                    for (let n = 0; n < 40; n++) {
                        made = (await others()).filter((one) => !before.includes(one));
                        if (n > 8 && paths().join() === it.opens.join()) break;
                        await new Promise((resolve) => setTimeout(resolve, 50));
                    }
                    assert.deepEqual(paths(), it.opens);
                    const [target] = made;
                    if (target && (it.isHeard ?? true)) {
                        await page.evaluate("watched.look()");
                        const heard = await signs(page);
                        await target.mouse.click(50, 50);
                        assert.ok(await signs(page) > heard, "a click in the window was not heard");
                    } else if (target) {
                        await page.evaluate("watched.look()");
                        assert.equal(await page.evaluate("[...entered].some((it) => it !== frames[0])"), false, "it is followed");
                    }
                    if (target) assert.equal(await target.evaluate("window.opener !== null"), it.hasOpener ?? true, "its opener");
                    assert.deepEqual(await content.$$eval("a, form, button", (all) => all.map((one) => one.outerHTML)
                        .filter((one) => one.includes("window-"))), [], "its attributes are as they were");
                    if (it.isTwice) {
                        await page.bringToFront();
                        await click();
                        await new Promise((resolve) => setTimeout(resolve, 300));
                        made = (await others()).filter((one) => !before.includes(one));
                        assert.deepEqual(paths(), it.opens);
                    }
                    for (const one of made) await one.close();
                } finally {
                    await page.close();
                }
            });
        }
    });
}

// --- Dialogs ---
