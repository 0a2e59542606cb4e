// @ts-check
// Media inside a package, played for real: what counts, and what content sees of being followed.
//
// The film is 4.03 s long and the tone 4 s; what is expected is written down from that and from what happens.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Lanes, SIDE_BY_SIDE } from "./lanes.js";
import { playing } from "./packages.js";
import { RealTime, ended, near, passed, reached } from "./real_time.js";

/** @typedef {import("./real_time.js").Tab} Tab */

const FILM_S = 4.03;
const TONE_S = 4;

const lanes = new Lanes(() => RealTime.begin());
after(async () => {
    for (const world of lanes.all) await world.end();
});

/** Resolves when it has, to a hundredth of a second. @param {string} element @param {number} second */
const come = (element, second) => `new Promise((resolve) => {
    const looking = setInterval(() => ${element}.currentTime >= ${second} && resolve(clearInterval(looking)), 10);
})`;

const VIDEO = `<video id="film" src="film.webm" preload="auto"></video>`;

/**
 * @typedef {object} Story
 * @property {string} name
 * @property {string} body What the content's page holds.
 * @property {(tab: Tab, world: RealTime) => Promise<void>} take
 * @property {number} mediaS What counts.
 * @property {[kind: string, coveredS: number][]} seen
 * @property {number} [rate] How fast it plays, if not as recorded.
 * @property {RegExp} [key] How it is known, if not by its address.
 * @property {string} [from] Where the session's time comes from, if not from media.
 */

const STORIES = /** @type {Story[]} */ ([
    {
        name: "a film straight through",
        body: VIDEO,
        take: (tab) => tab.inContent(`film.play(); ${ended("film")}`),
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film that starts by itself while its page loads",
        body: `<video id="film" src="film.webm" autoplay></video>`,
        take: (tab) => tab.inContent(ended("film")),
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film at twice the speed",
        body: VIDEO,
        take: (tab) => tab.inContent(`film.playbackRate = 2; film.play(); ${ended("film")}`),
        mediaS: FILM_S / 2,
        rate: 2,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film four times as fast",
        body: VIDEO,
        take: (tab) => tab.inContent(`film.playbackRate = 4; film.play(); ${ended("film")}`),
        mediaS: FILM_S / 4,
        rate: 4,
        seen: [["video", FILM_S]],
    },
    {
        name: "the same second three times, each after a touch",
        body: VIDEO,
        take: async (tab) => {
            for (let n = 0; n < 3; n++) {
                await tab.page.mouse.move(400 + 20 * n, 300);
                await tab.inContent(`film.currentTime = 1; film.play(); ${come("film", 2)}`);
                await tab.inContent("film.pause(); 0");
            }
        },
        mediaS: 3,
        seen: [["video", 1]],
    },
    {
        name: "a film that has to wait for its second half",
        body: VIDEO.replace(` src="film.webm"`, ""),
        take: async (tab) => {
            await tab.inContent(`
                globalThis.source = new MediaSource();
                film.src = URL.createObjectURL(source);
                const opened = new Promise((resolve) => (source.onsourceopen = resolve));
                Promise.all([fetch("film.webm").then((it) => it.arrayBuffer()), opened]).then(([bytes]) => {
                    globalThis.rest = bytes.slice(bytes.byteLength / 2);
                    globalThis.buffer = source.addSourceBuffer('video/webm; codecs="vp8, vorbis"');
                    buffer.appendBuffer(bytes.slice(0, bytes.byteLength / 2));
                    return film.play();
                }).then(() => new Promise((resolve) => (film.onwaiting = resolve)))`);
            await tab.inContent(passed(2));
            await tab.inContent(`buffer.onupdateend = () => source.endOfStream(); buffer.appendBuffer(rest); ${ended("film")}`);
        },
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
        key: /^[0-9a-f]+\/0\.html#4\.0\d\d$/, // What is made by the page is known by the page, and by its length.
    },
    {
        name: "a film that is paused for two seconds in the middle",
        body: VIDEO,
        take: async (tab) => {
            await tab.inContent(`film.play(); ${reached("film", 2)}`);
            await tab.inContent(`film.pause(); ${passed(2)}`);
            await tab.inContent(`film.play(); ${ended("film")}`);
        },
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film that is moved to its last second",
        body: VIDEO,
        take: async (tab) => {
            await tab.inContent(`film.play(); ${reached("film", 1)}`);
            await tab.inContent(`film.currentTime = 3.03; ${ended("film")}`);
        },
        mediaS: 2,
        seen: [["video", 2]],
    },
    {
        name: "a muted film on a loop, nearly three times",
        body: VIDEO,
        take: (tab) => tab.inContent(`film.muted = film.loop = true; film.play(); ${passed(11)}`),
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
        from: "measured", // The page was there for most of it.
    },
    {
        name: "a tone on a loop, nearly three times",
        body: "",
        take: (tab) => tab.inContent(`globalThis.tone = new Audio("tone.ogg"); tone.loop = true; tone.play(); ${passed(11)}`),
        mediaS: TONE_S,
        seen: [["audio", TONE_S]],
        from: "measured",
    },
    {
        name: "an audio that is in no document",
        body: "",
        take: (tab) => tab.inContent(`globalThis.tone = new Audio("tone.ogg?token=17"); tone.play(); ${ended("tone")}`),
        mediaS: TONE_S,
        seen: [["audio", TONE_S]],
    },
    {
        name: "a film in a shadow root that the page had from the start",
        body: `<div id="host"></div><script>
            host.attachShadow({ mode: "open" }).innerHTML = '${VIDEO}';
            var film = host.shadowRoot.firstChild;</script>`,
        // What a learner's click on its own controls does calls nothing that a script could see.
        take: (tab) => tab.inContent(`film.autoplay = true; film.load(); ${ended("film")}`),
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film in a closed shadow root that is made later",
        body: `<div id="host"></div>`,
        take: (tab) => tab.inContent(`const root = host.attachShadow({ mode: "closed" });
            root.innerHTML = '<video src="film.webm" autoplay></video>'; ${ended("root.firstChild")}`),
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film in a frame that is added later",
        body: "",
        take: async (tab) => {
            await tab.inContent(`const frame = document.createElement("iframe"); frame.src = "film.html"; document.body.append(frame);
                new Promise((resolve) => (frame.onload = resolve))`);
            await tab.inContent(`frames[0].film.play(); ${ended("frames[0].film")}`);
        },
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film in a page that rewrites itself",
        body: "",
        take: async (tab) => {
            await tab.inContent(`const base = document.baseURI; document.open();
                document.write('<!doctype html><base href="' + base + '">${VIDEO}'); document.close()`);
            await tab.inContent(`const film = document.querySelector("video"); film.autoplay = true; film.load(); ${ended("film")}`);
        },
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film that a page writes into its frame",
        body: "",
        take: async (tab) => {
            await tab.inContent(`const frame = document.createElement("iframe"); document.body.append(frame);
                frame.contentDocument.write("<p>First"); frame.contentDocument.close();
                new Promise((resolve) => setTimeout(resolve, 1500))`);
            await tab.inContent(`const inner = frames[0].document; inner.open();
                inner.write('<!doctype html><base href="' + location.href + '">${VIDEO.replace(" preload", " autoplay preload")}'); inner.close();
                ${ended("frames[0].film")}`);
        },
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
    {
        name: "a film, and in its element a tone after it",
        body: VIDEO,
        take: async (tab) => {
            await tab.inContent(`film.play(); ${reached("film", 2)}`);
            await tab.inContent(`film.src = "tone.ogg"; film.play(); ${ended("film")}`);
        },
        mediaS: 2 + TONE_S,
        seen: [["video", 2], ["audio", TONE_S]],
    },
    {
        name: "a tone in a hidden tab",
        body: "",
        take: async (tab, world) => {
            await tab.inContent(`globalThis.tone = new Audio("tone.ogg"); tone.play(); ${reached("tone", 1)}`);
            await world.hideAll();
            await tab.inContent(ended("tone"));
        },
        mediaS: TONE_S,
        seen: [["audio", TONE_S]],
    },
    {
        name: "a film in a tab that is hidden after two seconds",
        body: VIDEO,
        take: async (tab, world) => {
            await tab.inContent(`film.play(); ${reached("film", 2)}`);
            await world.hideAll();
            await tab.inContent(ended("film"));
        },
        mediaS: 2.1,
        seen: [["video", 2.1]],
    },
    {
        name: "a film as picture in picture, in a tab that is hidden after a second",
        body: VIDEO,
        take: async (tab, world) => {
            const [content] = tab.page.mainFrame().childFrames();
            // Only a learner may ask for it: what is evaluated so carries a gesture.
            await content.evaluate("film.play().then(() => film.requestPictureInPicture()).then(() => 0)");
            await tab.inContent(reached("film", 1));
            await world.hideAll();
            await tab.inContent(ended("film"));
        },
        mediaS: FILM_S,
        seen: [["video", FILM_S]],
    },
]);

describe("played for real", SIDE_BY_SIDE, () => {
    for (const { name, body, take, mediaS, seen, rate, key, from = "media" } of STORIES) {
        test(`${name}: ${mediaS.toFixed(1)} s`, () => lanes.on(async (world) => {
            const tab = await world.launch(await playing(name, body, { "film.html": `<!doctype html>${VIDEO}` }), name);
            await take(tab, world);
            await tab.close();

            const row = await world.closedRow(name);
            near(row.media_ms, mediaS, "media");
            const session = row.details.find((/** @type {any} */ it) => it.activity !== "outside");
            assert.deepEqual([session.media_ms, session.provenance], [row.media_ms, from], "all of it is in the session");
            const kinds = row.media.map((/** @type {any} */ it) => it.kind).sort();
            assert.deepEqual(kinds, seen.map(([kind]) => kind).sort());
            for (const [kind, coveredS] of seen) {
                const item = row.media.find((/** @type {any} */ it) => it.kind === kind);
                near(item.covered_ms, coveredS, `what was seen of the ${kind}`, rate);
                near(item.duration_ms, kind === "video" ? FILM_S : TONE_S, "its length");
                assert.match(item.key, key ?? (kind === "video" ? /^[0-9a-f]+\/film\.webm#4$/ : /^[0-9a-f]+\/tone\.ogg#4$/));
            }
            assert.ok(row.measured_ms >= row.media_ms && row.time_spent_ms === row.measured_ms);
            assert.deepEqual(tab.failures, []);
        }));
    }
});
