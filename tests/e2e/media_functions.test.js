// @ts-check
// The functions of content that are followed for its media: they look and do as before, and a trap loses nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bare } from "./bare.js";
import { near } from "./real_time.js";

const FILM_S = 4.03;
const DATA = { api: "2004", activities: [{ id: "item", url: "/content.html" }] };
/** What the functions answer and throw is the browser's, of the content's own realm. */
const CALL = `(() => {
    const div = document.createElement("div");
    const root = div.attachShadow({ mode: "closed" });
    const playing = new Audio().play();
    playing.catch(() => {});
    let thrown;
    try { div.attachShadow({ mode: "open" }); } catch (error) { thrown = error; }
    return [playing instanceof Promise, root instanceof ShadowRoot && div.shadowRoot === null, thrown instanceof DOMException && thrown.name];
})()`;

/** What content can find out about a function without calling it. */
const LOOK = `JSON.stringify([HTMLMediaElement.prototype.play, Element.prototype.attachShadow].map((it) => [
    typeof it, it.name, it.length, it.toString(), String(it), Function.prototype.toString.call(it).includes("[native code]"),
    it instanceof Function, Reflect.ownKeys(it), "prototype" in it,
]).concat([[HTMLMediaElement, "play"], [Element, "attachShadow"]].map(([it, name]) => {
    const { value, ...property } = Object.getOwnPropertyDescriptor(it.prototype, name);
    return [property, Reflect.ownKeys(it.prototype).indexOf(name)];
})))`;

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    test(`content sees the functions that were there, and gets them back, in ${browser}`, async () => {
        const bare = await Bare.open(browser);
        try {
            const found = /** @type {any} */ (await bare.run(`
                const { launch } = await import("/pkg/seattime.js");
                const frame = document.getElementById("content");
                const told = {};
                const content = () => frame.contentWindow;
                told.before = content().eval(given.look);
                const visit = await launch({ frame, data: given.data, transport: async () => {} });
                await visit.start(0);
                await new Promise((resolve) => frame.addEventListener("load", resolve));
                // With the frame's load, its windows are entered.
                await new Promise((resolve) => setTimeout(resolve));
                const bare = "Function.prototype.toString.call(HTMLMediaElement.prototype.play).includes('play')";
                told.isHooked = !content().eval(bare);
                told.during = content().eval(given.look);
                told.answers = content().eval(given.call);
                told.rejected = await content().eval("HTMLMediaElement.prototype.play.call({}).catch((it) => it instanceof TypeError)");
                visit.stop();
                told.isUnhooked = content().eval(bare);
                told.after = content().eval(given.look);
                return told;`, { data: DATA, look: LOOK, call: CALL }));
            assert.equal(found.isHooked, true);
            assert.equal(found.during, found.before);
            assert.deepEqual(found.answers, [true, true, "NotSupportedError"]);
            assert.equal(found.rejected, true);
            assert.equal(found.isUnhooked, true);
            assert.equal(found.after, found.before);
        } finally {
            await bare.close();
        }
    });
}

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    test(`a film without an address, and a trap while it plays, in ${browser}`, async () => {
        const bare = await Bare.open(browser);
        try {
            const { told, trapped, at } = /** @type {any} */ (await bare.run(`
                const { launch } = await import("/pkg/seattime.js");
                const frame = document.getElementById("content");
                const visit = await launch({ frame, data: given, transport: () => Promise.reject(new Error("there is no server")) });
                await visit.start(0);
                await new Promise((resolve) => frame.addEventListener("load", resolve));
                const bytes = await (await fetch("/tests/media/film.webm")).arrayBuffer();
                const film = frame.contentDocument.createElement("video");
                film.muted = true; // What no browser forbids.
                film.src = URL.createObjectURL(new Blob([bytes], { type: "video/webm" }));
                frame.contentDocument.body.append(film);
                const ended = new Promise((resolve) => film.addEventListener("ended", resolve));
                await film.play();
                await new Promise((resolve) => film.addEventListener("timeupdate", () => film.currentTime > 1 && resolve()));
                const { now } = performance;
                let [trapped, at] = [0, 0];
                performance.now = () => {
                    performance.now = now;
                    trapped++;
                    at = film.currentTime;
                    throw new Error("the clock failed");
                };
                await ended;
                return { told: JSON.parse(visit.pending()), trapped, at };`, DATA));
            assert.equal(trapped, 1);
            // What the instance saw since it was last written down is gone with it: here, from the film's start.
            const [item] = told.media;
            assert.deepEqual([told.media.length, item.kind], [1, "video"]);
            assert.match(item.key, /^\/content\.html#4\.0\d\d$/, "its page, and its exact length");
            near(item.position_ms, FILM_S, "where it stands");
            const playedMs = told.time.med.reduce((/** @type {number} */ sum, /** @type {number[]} */ it) => sum + it[2] - it[1], 0);
            assert.ok(playedMs >= (FILM_S - at) * 1000 - 480 && playedMs <= 4370, `${playedMs} ms of media, ${at} s in`);
            assert.ok(Math.abs(item.covered.at(-1)[1] - item.covered[0][0] - playedMs) <= 300, JSON.stringify(told));
        } finally {
            await bare.close();
        }
    });
}
