// @ts-check
// More than one message takes: a mebibyte of suspend data and 200 kB of answers, sent in time or left behind.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { silent } from "./packages.js";
import { MINUTE, SECOND, World, near } from "./world.js";

const SUSPENDED = 1 << 20;
const ANSWERS = 300;
// Characters of two bytes and of four, so that parts and characters do not end together.
const TEXT = `"ä😀b".repeat(${SUSPENDED / 4})`;
const FILL = `(() => {
    const all = new Set([call("SetValue", "cmi.suspend_data", ${TEXT}), call("SetValue", "cmi.location", "page-9"),
        call("SetValue", "cmi.completion_status", "completed"), call("SetValue", "cmi.exit", "suspend")]);
    for (let n = 0; n < ${ANSWERS}; n++) {
        for (const [part, text] of [["id", "q" + n], ["type", "other"], ["learner_response", String(n).repeat(200)]]) {
            all.add(call("SetValue", "cmi.interactions." + n + "." + part, text));
        }
    }
    return [...all].join();
})()`;
const READ = `[call("GetValue", "cmi.suspend_data") === ${TEXT}, call("GetValue", "cmi.location"), call("GetValue", "cmi.interactions._count"),
    call("GetValue", "cmi.interactions.299.learner_response") === "299".repeat(200), call("GetValue", "cmi.entry")].join()`;
const WHOLE = "true,page-9,300,true,resume";
/** How many characters are left in this browser: time always goes on, so there is a little. */
const LEFT = `new Promise((resolve) => {
    const request = indexedDB.open("seattime");
    request.onsuccess = () => {
        const all = request.result.transaction("visits").objectStore("visits").getAll();
        all.onsuccess = () => { request.result.close(); resolve(all.result.flat().join("").length); };
    };
})`;
const A_LITTLE = 5_000;

/** @type {World} */
let world;
/** @type {string} */
let topic;
before(async () => {
    world = await World.begin();
    topic = await world.importPackage(await silent("2004"), "Large");
});
after(() => world.end());

test("what no message takes is sent in several, and then waits nowhere", async () => {
    const course = await world.launch(topic, "in-time");
    await course.input();
    assert.equal(await course.inContent(FILL), "true");
    assert.equal(await course.inContent(`call("Commit")`), "true");
    await course.advance(10 * SECOND);
    await course.until(`${LEFT}.then((it) => it < ${A_LITTLE})`);
    const sent = await course.read(`testWorld.answered.filter((it) => it.sent).map((it) => [it.status, it.sent.length, it.packed])`);
    assert.ok(sent.every((/** @type {number[]} */ it) => it[0] === 200), JSON.stringify(sent));
    // What is long is packed, and nothing else.
    assert.ok(sent.every((/** @type {number[]} */ it) => (it[1] < 8000 ? !it[2] : it[2] < it[1] / 4)), JSON.stringify(sent));
    assert.ok(sent.length > 20, `${sent.length} messages`);
    assert.ok(Math.max(...sent.map((/** @type {number[]} */ it) => it[1])) < 256 * 1024);
    await course.close();
    const again = await world.launch(topic, "in-time");
    assert.equal(await again.inContent(READ), WHOLE);
    await again.close();
    assert.deepEqual([...course.failures, ...again.failures], []);
});

for (const [what, answer] of [
    ["a server that takes nothing packed", "Promise.resolve(new Response('{}', { status: 415 }))"],
    ["something on the way that breaks it off", "Promise.reject(new TypeError('cut'))"],
]) {
    test(`${what} is sent everything as it is, at once`, async () => {
        const course = await world.launch(topic, what);
        await course.read(`(() => {
            const { fetch } = window;
            window.packed = 0;
            window.fetch = (url, request) => {
                if (!request?.headers?.["content-encoding"]) return fetch(url, request);
                window.packed++;
                return ${answer};
            };
        })()`);
        await course.input();
        assert.equal(await course.inContent(FILL), "true");
        assert.equal(await course.inContent(`call("Commit")`), "true");
        await course.advance(10 * SECOND);
        await course.until(`${LEFT}.then((it) => it < ${A_LITTLE})`);
        assert.equal(await course.read("window.packed"), 1, "it is tried once");
        await course.close();
        const again = await world.launch(topic, what);
        assert.equal(await again.inContent(READ), WHOLE);
        await again.close();
        assert.deepEqual([...course.failures, ...again.failures], []);
    });
}

test("a server that asks to wait is not sent the same unpacked meanwhile, and packed again afterwards", async () => {
    const course = await world.launch(topic, "asked-to-wait");
    await course.read(`(() => {
        const { fetch } = window;
        window.long = [];
        window.fetch = (url, request) => {
            if (!(request?.body?.size > 1000 || request?.body?.length >= 8000)) return fetch(url, request);
            window.long.push(request.headers["content-encoding"] ?? "plain");
            if (window.long.length > 1) return fetch(url, request);
            const headers = { "content-type": "application/problem+json", "retry-after": "20" };
            return Promise.resolve(new Response('{"code":"busy"}', { status: 503, headers }));
        };
    })()`);
    await course.input();
    assert.equal(await course.inContent(FILL), "true");
    assert.equal(await course.inContent(`call("Commit")`), "true");
    await course.advance(10 * SECOND);
    assert.deepEqual(await course.read("window.long"), ["gzip"]);
    await course.advance(MINUTE);
    await course.until(`${LEFT}.then((it) => it < ${A_LITTLE})`);
    assert.deepEqual(await course.read("[...new Set(window.long)]"), ["gzip"]);
    await course.close();
    assert.deepEqual(course.failures, []);
});

test("while the network is gone, what is long is sent in both ways once, then in one at a time", async () => {
    const course = await world.launch(topic, "gone");
    await course.read(`(() => {
        const { fetch } = window;
        [window.long, window.isGone] = [[], true];
        window.fetch = (url, request) => {
            const packed = request?.headers?.["content-encoding"];
            if (packed || request?.body?.length >= 8000) window.long.push([Date.now(), packed ?? "plain"]);
            return window.isGone ? Promise.reject(new TypeError("gone")) : fetch(url, request);
        };
    })()`);
    await course.input();
    assert.equal(await course.inContent(FILL), "true");
    assert.equal(await course.inContent(`call("Commit")`), "true");
    await course.advance(5 * MINUTE);
    /** @type {[number, string][]} */
    const long = await course.read("window.long");
    assert.deepEqual(long.slice(0, 2).map((it) => it[1]), ["gzip", "plain"]);
    assert.ok(long.length > 4, JSON.stringify(long));
    const moments = long.slice(1).map((it) => it[0]);
    assert.equal(new Set(moments).size, moments.length, `each try is one request: ${JSON.stringify(long)}`);
    assert.deepEqual(new Set(long.slice(2).map((it) => it[1])), new Set(["gzip", "plain"]), "either may be what gets through");
    await course.read("[window.long, window.isGone] = [[], false]");
    await course.advance(2 * MINUTE);
    await course.until(`${LEFT}.then((it) => it < ${A_LITTLE})`);
    const later = (await course.read("window.long")).map((/** @type {[number, string]} */ it) => it[1]);
    assert.deepEqual([...new Set(later.slice(1))], ["gzip"], "an outage says nothing of packing");
    await course.close();
    assert.deepEqual(course.failures, []);
});

test("a tab that is closed at once sends time, status and location, and the next visit the rest", async () => {
    const course = await world.launch(topic, "closed");
    await course.input();
    await course.advance(2 * MINUTE);
    assert.equal(await course.inContent(FILL), "true");
    await course.close();
    const row = await world.closedRow("closed");
    assert.equal(row.status, "completed");
    near(row.time_spent_ms, 2 * MINUTE);
    const again = await world.launch(topic, "closed");
    assert.equal(await again.inContent(READ), WHOLE);
    assert.ok((await again.read(LEFT)) < A_LITTLE);
    await again.close();
    assert.deepEqual([...course.failures, ...again.failures], []);
});

test("a server that fails in the middle is told all that it does not have yet", async () => {
    const course = await world.launch(topic, "fails");
    await course.input();
    assert.equal(await course.inContent(FILL), "true");
    for (const fault of ["fail before_part", "drop after_part", "fail before_commit", "drop after_commit"]) {
        await world.order(fault);
        await course.advance(5 * SECOND);
    }
    await course.advance(2 * MINUTE);
    await course.until(`${LEFT}.then((it) => it < ${A_LITTLE})`);
    await course.close();
    const again = await world.launch(topic, "fails");
    assert.equal(await again.inContent(READ), WHOLE);
    await again.close();
    assert.deepEqual([...course.failures, ...again.failures], []);
});
