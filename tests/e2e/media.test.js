// @ts-check
// Media inside a package, played for real: what counts, and what content sees of being followed.
//
// The film is 4.03 s long and the tone 4 s; what is expected is written down from that and from what happens.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Bare } from "./bare.js";
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

/** An oscillator through a gain, as a page makes them. */
const SOUND = `globalThis.context = new AudioContext();
    globalThis.gain = new GainNode(context, { gain: 0.2 });
    globalThis.note = new OscillatorNode(context, { frequency: 220 });
    note.connect(gain);`;

/**
 * @typedef {object} Sound
 * @property {string} name
 * @property {(tab: Tab, world: RealTime) => Promise<void>} take
 * @property {number} mediaS What counts, to a second and a bit: it is looked at once a second.
 * @property {string[]} kinds
 */

const SOUNDS = /** @type {Sound[]} */ ([
    {
        name: "an oscillator for six seconds",
        take: async (tab) => {
            await tab.inContent(`${SOUND} gain.connect(context.destination); note.start(); ${passed(6)}`);
            await tab.inContent(`note.stop(); ${passed(3)}`);
        },
        mediaS: 6,
        kinds: ["audio"],
    },
    {
        name: "a buffer on a loop, in a hidden tab",
        take: async (tab, world) => {
            await tab.inContent(`globalThis.context = new AudioContext();
                const buffer = context.createBuffer(1, context.sampleRate, context.sampleRate);
                buffer.getChannelData(0).forEach((_, n, all) => (all[n] = Math.sin(n / 20) / 4));
                const source = context.createBufferSource();
                source.buffer = buffer; source.loop = true;
                source.connect(context.destination); source.start(); ${passed(1)}`);
            await world.hideAll();
            await tab.inContent(passed(6));
        },
        mediaS: 7,
        kinds: ["audio"],
    },
    {
        name: "words with pauses of a second",
        take: async (tab) => {
            await tab.inContent(`${SOUND} gain.connect(context.destination); note.start();
                for (let n = 0; n < 8; n++) gain.gain.setValueAtTime(n % 2 ? 0 : 0.2, context.currentTime + n); ${passed(7)}`);
            await tab.inContent(`note.stop(); ${passed(2)}`);
        },
        mediaS: 7,
        kinds: ["audio"],
    },
    {
        name: "a context that runs and is silent",
        take: (tab) => tab.inContent(`${SOUND} gain.gain.value = 0; gain.connect(context.destination); note.start(); ${passed(5)}`),
        mediaS: 0,
        kinds: [],
    },
    {
        name: "a context that is suspended",
        take: async (tab) => {
            await tab.inContent(`${SOUND} gain.connect(context.destination); note.start(); ${passed(4)}`);
            await tab.inContent(`context.suspend().then(() => ${passed(4)})`);
        },
        mediaS: 4,
        kinds: ["audio"],
    },
    {
        name: "nodes that are taken off the destination",
        take: async (tab) => {
            await tab.inContent(`${SOUND} gain.connect(context.destination); note.start(); ${passed(4)}`);
            await tab.inContent(`gain.disconnect(context.destination); ${passed(4)}`);
        },
        mediaS: 4,
        kinds: ["audio"],
    },
    {
        name: "a sound that is rendered and not heard",
        take: (tab) => tab.inContent(`const offline = new OfflineAudioContext(1, 44100 * 5, 44100);
            const note = new OscillatorNode(offline); note.connect(offline.destination); note.start();
            offline.startRendering().then(() => ${passed(4)})`),
        mediaS: 0,
        kinds: [],
    },
    {
        name: "a tone on a loop that plays through a context",
        take: (tab) => tab.inContent(`globalThis.context = new AudioContext();
            globalThis.tone = new Audio("tone.ogg"); tone.loop = true;
            context.createMediaElementSource(tone).connect(context.destination); tone.play(); ${passed(9)}`),
        mediaS: TONE_S, // Its element counts, and one round of it.
        kinds: ["audio"],
    },
    {
        name: "a page that is left while it sounds",
        take: async (tab) => {
            await tab.inContent(`const frame = document.createElement("iframe"); frame.src = "film.html"; document.body.append(frame);
                new Promise((resolve) => (frame.onload = resolve))`);
            await tab.inContent(`frames[0].eval(${JSON.stringify(`${SOUND} gain.connect(context.destination); note.start();`)}); ${passed(4)}`);
            await tab.inContent(`document.querySelector("iframe").remove(); ${passed(4)}`);
        },
        mediaS: 4,
        kinds: ["audio"],
    },
]);

describe("sound without an element", SIDE_BY_SIDE, () => {
    for (const { name, take, mediaS, kinds } of SOUNDS) {
        test(`${name}: ${mediaS} s`, () => lanes.on(async (world) => {
            const tab = await world.launch(await playing(name, "", { "film.html": "<!doctype html>" }), name);
            await take(tab, world);
            await tab.close();
            const row = await world.closedRow(name);
            assert.ok(Math.abs(row.media_ms - 1000 * mediaS) <= (mediaS > 0 ? 1300 : 0), `${row.media_ms} ms, expected ${mediaS} s`);
            assert.deepEqual(row.media.map((/** @type {any} */ it) => it.kind), kinds);
            assert.deepEqual(tab.failures, []);
        }));
    }
});

test("content's nodes answer as they would without being followed", async () => {
    const bare = await Bare.open("chrome");
    try {
        const CALLS = `(() => {
            const context = new AudioContext();
            const [one, other, split] = [context.createGain(), context.createGain(), context.createChannelSplitter(2)];
            const thrown = (call) => { try { return call(); } catch (error) { return error.constructor === DOMException ? error.name : error.constructor.name; } };
            return [
                one.connect(context.destination) === context.destination, one.connect(other) === other, one.connect(other.gain),
                split.connect(context.destination, 1) === context.destination,
                thrown(() => split.connect(context.destination, 9)), thrown(() => one.connect()), thrown(() => one.connect(new AudioContext().destination)),
                one.disconnect(context.destination), thrown(() => one.disconnect(context.destination)), one.disconnect(), one.disconnect(),
                AudioNode.prototype.connect.name, AudioNode.prototype.connect.length, String(AudioNode.prototype.disconnect),
            ];
        })()`;
        const found = /** @type {any} */ (await bare.run(`
            const frame = document.getElementById("content");
            const without = frame.contentWindow.eval(given.calls);
            const { launch } = await import("/pkg/seattime.js");
            const visit = await launch({ frame, data: given.data, transport: async () => {} });
            await visit.start(0);
            await new Promise((resolve) => frame.addEventListener("load", resolve));
            await new Promise((resolve) => setTimeout(resolve));
            return { without, followed: frame.contentWindow.eval(given.calls) };`, { data: DATA, calls: CALLS }));
        assert.deepEqual(found.followed, found.without);
        assert.deepEqual(found.without.slice(0, 5), [true, true, null, true, "IndexSizeError"]);
    } finally {
        await bare.close();
    }
});

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
