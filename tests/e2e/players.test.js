// @ts-check
// Players of YouTube and Vimeo inside a package, which say by messages where they stand: pages on those hosts that speak
// the same protocols, since no test reaches the real ones.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Lanes, SIDE_BY_SIDE } from "./lanes.js";
import { playing } from "./packages.js";
import { place } from "./pictures.js";
import { RealTime, near } from "./real_time.js";

const YOUTUBE = "https://www.youtube.com";
const VIMEO = "https://player.vimeo.com";
const LONG_S = 600;

/** What a player does, once somebody listens: what changes, and for how long that is so, in s. @typedef {[change: { rate?: number, at?: number, plays?: boolean, isFrozen?: boolean }, seconds: number][]} Script */

/** By the last part of the address. @type {Record<string, Script>} */
const SCRIPTS = {
    straight: [[{ plays: true }, 4]],
    sought: [[{ plays: true }, 2], [{ at: 590 }, 2]],
    fast: [[{ plays: true, rate: 2 }, 3]],
    paused: [[{ plays: false }, 3]],
    frozen: [[{ plays: true, isFrozen: true, at: 7 }, 3]], // As behind an advertisement.
    watched: [[{ plays: true }, 3]],
};

/** What both hosts' pages share: a clock that follows a script, and tells of itself four times a second. */
const CLOCK = `
    const now = () => performance.now() / 1000;
    let from = 0, since = now(), rate = 1, plays = false, isFrozen = false, isOver = false, isBegun = false;
    const position = () => Math.min(${LONG_S}, plays && !isFrozen ? from + (now() - since) * rate : from);
    const change = (to) => {
        [from, since] = [to.at ?? position(), now()];
        [rate, plays, isFrozen] = [to.rate ?? rate, to.plays ?? plays, to.isFrozen ?? isFrozen];
        deliver(to);
    };
    const begin = async () => {
        if (isBegun) return;
        isBegun = true;
        for (const [to, seconds] of SCRIPT) {
            change(to);
            await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
        }
        isOver = true;
        change({ plays: false });
    };
    const heard = [];
    const say = (message) => parent.postMessage(JSON.stringify(message), "*");
    setInterval(() => plays && deliver({}), 250);`;

/** Source: YouTube, IFrame Player API; how its widget is spoken to is in its www-widgetapi.js. */
const YOUTUBE_PAGE = `${CLOCK}
    let id;
    const info = () => ({ currentTime: position(), playerState: plays ? 1 : 2, playbackRate: rate, duration: ${LONG_S}, videoData: { video_id: location.pathname.split("/").at(-1) } });
    const deliver = () => id !== undefined && say({ event: "infoDelivery", info: info(), id, channel: "widget", isOver });
    addEventListener("message", ({ data, source }) => {
        if (source !== parent) return;
        const message = JSON.parse(data);
        heard.push(message);
        if (message.event !== "listening") return;
        id = message.id;
        say({ event: "initialDelivery", info: info(), id, channel: "widget" });
        begin();
    });`;

/** Source: Vimeo, Player SDK reference. */
const VIMEO_PAGE = `${CLOCK}
    const wanted = new Set();
    const tell = (event, more = {}) => wanted.has(event) && say({ event, isOver, data: { seconds: position(), percent: position() / ${LONG_S}, duration: ${LONG_S}, ...more } });
    const deliver = (to) => {
        if (to.plays === true) tell("play");
        if (to.plays === false) tell("pause");
        if (to.rate) tell("playbackratechange", { playbackRate: rate });
        if (to.at) tell("seeked");
        tell("timeupdate");
    };
    addEventListener("message", ({ data, source }) => {
        if (source !== parent) return;
        const message = JSON.parse(data);
        heard.push(message);
        if (message.method !== "addEventListener") return;
        wanted.add(message.value);
        say({ method: "addEventListener", value: message.value });
        if (message.value === "timeupdate") setTimeout(begin, 100);
    });
    say({ event: "ready" });`;

/** A page that says of itself that it plays, and where. */
const LIAR = `
    let at = 0;
    setInterval(() => {
        at += 0.25;
        const info = { currentTime: at, playerState: 1, playbackRate: 1, duration: 600, videoData: { video_id: "lie" } };
        parent.postMessage(JSON.stringify({ event: "infoDelivery", info, id: 1, channel: "widget" }), "*");
    }, 250);`;

/** What the hosts answer. @param {URL} url */
function page(url) {
    const name = url.pathname.split("/").at(-1) ?? "";
    const script = `const SCRIPT = ${JSON.stringify(SCRIPTS[name] ?? [])};`;
    if (url.origin === VIMEO) return name === "liar" ? LIAR : script + VIMEO_PAGE;
    // It is no more what its frame's address says.
    if (name === "gone") return `location = "${VIMEO}/video/liar"`;
    return name === "silent" || name === "closed" ? "" : script + YOUTUBE_PAGE;
}

const lanes = new Lanes(async () => {
    const world = await RealTime.begin();
    world.onTab = async (tab) => {
        await tab.setRequestInterception(true);
        tab.on("request", (request) => {
            const url = new URL(request.url());
            if (url.protocol === "http:") return void request.continue();
            void request.respond({ contentType: "text/html", body: `<!doctype html><script>${page(url)}</script>` });
        });
    };
    return world;
});
after(async () => {
    for (const world of lanes.all) await world.end();
});

/** @param {string} name @param {(world: RealTime) => Promise<void>} story */
const played = (name, story) => test(name, () => lanes.on(story));

/** @param {string} name @param {string} [query] */
const youtube = (name, query = "?enablejsapi=1") => `<iframe id="${name}" allow="autoplay" src="${YOUTUBE}/embed/${name}${query}"></iframe>`;
/** @param {string} name */
const vimeo = (name) => `<iframe id="${name}" allow="autoplay" src="${VIMEO}/video/${name}"></iframe>`;

/** What a page of content hears, and by whom; it is over when each of `names` said so. */
const LISTENER = `<script>
    const heard = [];
    addEventListener("message", (event) => heard.push({ data: event.data, isTrusted: event.isTrusted, name: [...document.querySelectorAll("iframe")].find((it) => it.contentWindow === event.source)?.id }));
    const areOver = (names) => names.every((name) => heard.some((it) => it.name === name && JSON.parse(it.data).isOver));
</script>`;

/**
 * Shows a package, until its players are through with their scripts; answers the report's row.
 *
 * @param {RealTime} world
 * @param {string} learner
 * @param {string} body
 * @param {string} until What is true in content then.
 * @param {(tab: import("./real_time.js").Tab) => Promise<void>} [look]
 */
async function take(world, learner, body, until, look) {
    const tab = await world.launch(await playing(learner, LISTENER + body), learner);
    await tab.page.mouse.click(5, 5); // Somebody is there.
    await tab.until(`frames[0].eval(${JSON.stringify(until)})`);
    await look?.(tab);
    await tab.close();
    assert.deepEqual(tab.failures, []);
    return world.closedRow(learner);
}

/** @param {any} row @returns {Record<string, number>} What was seen, in s, by the name of the video. */
const seen = (row) => Object.fromEntries(row.media.filter((/** @type {any} */ it) => it.kind === "video").map((/** @type {any} */ it) => [it.key, it.covered_ms / 1000]));

describe("players, played for real", SIDE_BY_SIDE, () => {
    played("players of both hosts count while their clocks run: 4 s straight on", async (world) => {
        for (const [host, frame, key] of [["YouTube", youtube("straight"), `${YOUTUBE}/embed/straight#600`], ["Vimeo", vimeo("straight"), `${VIMEO}/video/straight#600`]]) {
            const row = await take(world, `straight on ${host}`, frame, "areOver(['straight'])");
            near(row.media_ms, 4, host);
            const [item, ...others] = row.media;
            assert.deepEqual([item.key, item.kind, item.duration_ms, others, row.flags], [key, "video", LONG_S * 1000, [], []]);
            near(item.covered_ms, 4, `what was seen on ${host}`);
        }
    });

    played("what was skipped, paused or held up earns nothing, and twice the speed takes half the time", async (world) => {
        const names = ["sought", "fast", "paused", "frozen"];
        const row = await take(world, "several", names.map((it) => youtube(it)).join(""), `areOver(${JSON.stringify(names)})`);
        const { [`${YOUTUBE}/embed/sought#600`]: sought, [`${YOUTUBE}/embed/fast#600`]: fast, ...others } = seen(row);
        // Between two messages, a jump cannot be told from what was played before it.
        assert.ok(sought > 3.3 && sought < 4.3, `${sought} s of the one with the jump`);
        assert.ok(fast > 5.3 && fast < 6.3, `${fast} s of the fast one`);
        assert.deepEqual(others, {});
        near(row.media_ms, 4, "all of it together");
        const alone = await take(world, "fast alone", vimeo("fast"), "areOver(['fast'])");
        near(alone.media_ms, 3, "3 s at twice the speed");
    });

    played("content that speaks to its player itself hears what it heard before, and nobody else speaks to it", async (world) => {
        const own = `${youtube("watched")}<script>
            const frame = document.getElementById("watched");
            frame.addEventListener("load", () => frame.contentWindow.postMessage(JSON.stringify({ event: "listening", id: 77, channel: "widget" }), "${YOUTUBE}"));
        </script>`;
        const row = await take(world, "with a player of its own", own, "areOver(['watched'])", async (tab) => {
            const ids = await tab.inContent("[...new Set(heard.map((it) => JSON.parse(it.data).id))]");
            assert.deepEqual(ids, [77]);
            const frame = tab.page.frames().find((it) => it.url().startsWith(YOUTUBE));
            assert.deepEqual(await frame?.evaluate("heard.map((it) => it.event)"), ["listening"]);
        });
        near(row.media_ms, 3, "media");
    });

    played("nobody else is believed: not what went elsewhere, not another frame, not content itself", async (world) => {
        const lies = `${youtube("gone")}${youtube("silent")}${vimeo("liar")}<script>
            let at = 0;
            const start = performance.now();
            setInterval(() => {
                at += 0.25;
                const info = { currentTime: at, playerState: 1, playbackRate: 1, duration: 600, videoData: { video_id: "lie" } };
                const data = JSON.stringify({ event: "infoDelivery", info, id: 1, channel: "widget" });
                postMessage(data, "*");
                dispatchEvent(new MessageEvent("message", { data, origin: "${YOUTUBE}", source: document.getElementById("silent").contentWindow }));
            }, 250);
        </script>`;
        const liars = (/** @type {string} */ name) => `heard.filter((it) => it.name === '${name}').length > 12`;
        const row = await take(world, "lied to", lies, `${liars("gone")} && ${liars("liar")} && ${liars("silent")}`);
        assert.equal(row.media_ms, 0);
        assert.deepEqual(seen(row), {});
    });

    played("a player that does not say when it plays is told of in the report, and earns nothing", async (world) => {
        const row = await take(world, "not told", youtube("closed", ""), "performance.now() > 3000");
        assert.deepEqual([row.media_ms, row.flags], [0, ["part_unmeasured"]]);
        assert.deepEqual(row.media, [{ key: `${YOUTUBE}/embed/closed`, kind: "unmeasured", duration_ms: 0, covered_ms: 0 }]);

        // As a trainer reads it.
        const tab = await world.take(row.topic_id, "not told", "frames.length > 0 && frames[0].isReady === true");
        await tab.page.goto(await world.reportUrl("not told"));
        await tab.until("document.querySelectorAll('tr.row').length > 0");
        const flags = await tab.read("[...document.querySelectorAll('tr.row .flag')].map((it) => it.textContent)");
        assert.ok(flags.includes("partly not measured"), flags.join());
        await tab.read("document.querySelector('tr.row button').click()");
        await tab.until("document.querySelector('.moments') !== null");
        const said = "A part could not be measured: a player of www.youtube.com was shown, which does not say when it plays.";
        assert.ok((await tab.read("document.body.innerText")).includes(said));
        const path = place("report-unmeasured");
        if (path) await tab.page.screenshot({ path, fullPage: true });
        await tab.close();
    });
});
