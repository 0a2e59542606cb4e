// @ts-check
// Texts that are no Unicode, as compression and `substring` make them: content reads what it set, unit by unit.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bare } from "./bare.js";
import { silent } from "./packages.js";
import { MINUTE, SECOND, World } from "./world.js";

// Units as LZString.compress makes them: any of 16 bits, most surrogates without a partner. The seed makes the text.
const UNITS = `(seed, length) => {
    let state = seed, text = "";
    for (let n = 0; n < length; n++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        // A half of them are surrogates or of the range that stands for them.
        const unit = state >>> 16;
        text += state & 1024 ? String.fromCharCode(unit) : String.fromCharCode(0xd800 | (unit & 0x7ff));
    }
    return text;
}`;
const EVERY = `Array.from({ length: 65536 }, (_, n) => String.fromCharCode(n))`;
// "a" and half an emoji, the other half, a mark of byte order, U+0000, and characters that stand for halves inside.
const TEXTS = ["a\ud83db", "\ude00", "\ud83d", "\ufeffmark", "\uffff\u0000\u2028", "\u{10f000}\u{10f800}\u{10f7ff}", "\udbfc\udbff", "\u{1f600}"];

/** @type {Record<"1.2" | "2004", string[]>} Elements that take any text, and one that takes it once its record is there. */
const ELEMENTS = {
    "1.2": ["cmi.suspend_data", "cmi.core.lesson_location", "cmi.objectives.0.id"],
    "2004": [
        "cmi.suspend_data", "cmi.location", "cmi.interactions.0.id", "cmi.interactions.0.learner_response",
        "cmi.comments_from_learner.0.comment", "cmi.objectives.0.id", "adl.data.0.store",
    ],
};

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    for (const version of /** @type {const} */ (["1.2", "2004"])) {
        test(`every unit of 16 bits is read back, also by the next visit and from what is left in the browser (${version}, ${browser})`, async () => {
            const bare = await Bare.open(browser);
            try {
                const wrong = await bare.run(`
                    const { launch } = await import("/pkg/seattime.js");
                    const { version, elements, texts } = given;
                    const units = ${UNITS};
                    const wrong = [];
                    const check = (what, actual, expected) => {
                        if (actual !== expected) wrong.push([what, escape(actual).slice(0, 200), escape(expected).slice(0, 200)]);
                    };
                    const api = () => version === "1.2" ? window.API : window.API_1484_11;
                    const call = (name, ...args) => api()[(version === "1.2" ? "LMS" : "") + name](...args);
                    const activity = { id: "item", url: "/content.html", data: [{ target: "bucket", reads: true, writes: true }] };
                    const frame = document.getElementById("content");
                    const open = async (values, shared, transport, visit) => {
                        const opened = await launch({ frame, data: { visit, api: version, activities: [activity], values: { item: values }, shared }, transport });
                        await opened.start(0);
                        check("Initialize", call("Initialize", ""), "true");
                        return opened;
                    };
                    const messages = [];
                    const keep = async (message) => void messages.push(JSON.parse(JSON.stringify(JSON.parse(message))));

                    const visit = await open({}, {}, keep, "first");
                    const heard = [];
                    visit.on("set", (it) => heard.push(it.value));
                    if (version === "2004") {
                        for (const [part, value] of [["id", "i"], ["type", "other"]]) check(part, call("SetValue", "cmi.interactions.0." + part, value), "true");
                    }
                    const suspended = ${EVERY}.join("").slice(0, 65535) + units(7, 1);
                    const all = (element) => element === "cmi.suspend_data" ? [...texts, units(1, 30000), suspended]
                        : element.endsWith("objectives.0.id") && version === "2004" ? [texts[0]]
                        : element === "cmi.interactions.0.id" ? [...texts, "q" + units(3, 2000)]
                        : [...texts, units(5, 200)];
                    const last = {};
                    for (const element of elements) {
                        for (const text of all(element)) {
                            check(element, call("SetValue", element, text), "true");
                            check(element, call("GetValue", element), text);
                            // Texts are answered from JavaScript's memory, until something asks for them.
                            check("snapshot", visit.snapshot().values[element], text);
                            last[element] = text;
                        }
                    }
                    check("heard", heard.at(-1), last[elements.at(-1)]);
                    const { values } = visit.snapshot();
                    await visit.end();

                    // The next visit is given what commits said, and then what an embedding page read.
                    const held = {}, shared = {};
                    for (const message of messages) {
                        for (const session of message.sessions) {
                            for (const [element, [text]] of Object.entries(session.set)) held[element] = text;
                            for (const [collection, records] of Object.entries(session.records ?? {})) {
                                for (const [n, [, parts]] of Object.entries(records)) {
                                    for (const [part, text] of Object.entries(parts)) held[collection + "." + n + "." + part] = text;
                                }
                            }
                        }
                        for (const [target, [text]] of Object.entries(message.shared ?? {})) shared[target] = text;
                    }
                    check("well-formed", new TextDecoder().decode(new TextEncoder().encode(JSON.stringify(held))), JSON.stringify(held));
                    const { bucket } = shared;
                    const settable = Object.fromEntries(Object.entries(values).filter(([element]) => !element.includes("._")));
                    for (const [from, given] of [["commits", held], ["snapshot", settable]]) {
                        const next = await open(given, bucket === undefined ? {} : { bucket }, keep, "next " + from);
                        for (const element of elements) {
                            // A page's own values may have characters that stand for halves: those are taken for them.
                            if (from === "commits" || !/[\\u{10f000}-\\u{10f800}]/u.test(last[element])) check(from + " " + element, call("GetValue", element), last[element]);
                        }
                        await next.end();
                    }

                    // Nothing gets through: it waits in this browser.
                    const text = units(9, 20000);
                    const offline = await open({}, {}, () => Promise.reject(new Error("offline")), "offline");
                    call("SetValue", "cmi.suspend_data", text);
                    call("Commit", "");
                    await new Promise((resolve) => offline.on("saving", (it) => it.state === "unsaved" && resolve()));
                    offline.stop();
                    // A page that lives holds its visit's lock: what it left is read as another page would send it.
                    const arrived = new Promise((resolve) => {
                        const request = indexedDB.open("seattime");
                        request.onsuccess = () => {
                            const left = request.result.transaction("visits").objectStore("visits").get("offline");
                            left.onsuccess = () => {
                                request.result.close();
                                resolve(JSON.parse(left.result.at(-1)).sessions[0].set["cmi.suspend_data"][0]);
                            };
                        };
                    });
                    const left = await open({ "cmi.suspend_data": await arrived }, {}, keep, "left");
                    check("left in the browser", call("GetValue", "cmi.suspend_data"), text);
                    return wrong;
                `, { version, elements: ELEMENTS[version], texts: TEXTS });
                assert.deepEqual(wrong, []);
            } finally {
                await bare.close();
            }
        });
    }
}

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

for (const version of /** @type {const} */ (["1.2", "2004"])) {
    test(`compressed state outlives a trap, the server and a relaunch, also in parts (${version})`, async () => {
        const topic = await world.importPackage(await silent(version), `Halves ${version}`);
        const location = version === "1.2" ? "cmi.core.lesson_location" : "cmi.location";
        const set = (/** @type {string} */ element, /** @type {string} */ text) => `call("SetValue", "${element}", ${text})`;
        const same = (/** @type {string} */ element, /** @type {string} */ text) => `call("GetValue", "${element}") === ${text}`;
        const long = `(${UNITS})(11, 300000)`;
        const short = `(${UNITS})(13, 200)`;
        const course = await world.launch(topic, `halves-${version}`);
        await course.input();
        assert.equal(await course.inContent(set(location, short)), "true");
        assert.equal(await course.inContent(set("cmi.suspend_data", long)), "true");
        await course.read(`(() => {
            const { now } = performance;
            performance.now = () => { performance.now = now; throw new Error("the clock failed"); };
        })()`);
        await course.inContent(set(version === "1.2" ? "cmi.core.session_time" : "cmi.session_time", version === "1.2" ? `"00:02:00"` : `"PT2M"`));
        assert.equal(await course.inContent(same("cmi.suspend_data", long)), true, "after a trap");
        assert.equal(await course.inContent(same(location, short)), true);
        assert.equal(await course.inContent(`call("Commit", "")`), "true");
        await course.advance(30 * SECOND);
        await course.close();
        await world.serverTo(world.nowMs + 30 * MINUTE);
        const again = await world.launch(topic, `halves-${version}`);
        assert.equal(await again.inContent(same("cmi.suspend_data", long)), true, "relaunched");
        assert.equal(await again.inContent(same(location, short)), true);
        await again.close();
        assert.deepEqual([...course.failures, ...again.failures], []);
    });
}
