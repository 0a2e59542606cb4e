// @ts-check
// Sound without a media element: what Web Audio plays counts as audio while it can be heard.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Bare } from "./bare.js";
import { Lanes, SIDE_BY_SIDE } from "./lanes.js";
import { playing } from "./packages.js";
import { RealTime, passed } from "./real_time.js";

/** @typedef {import("./real_time.js").Tab} Tab */

const lanes = new Lanes(() => RealTime.begin());
after(async () => {
    for (const world of lanes.all) await world.end();
});

const TONE_S = 4;
const DATA = { api: "2004", activities: [{ id: "item", url: "/content.html" }] };

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
