// @ts-check
// A server that is in trouble, or none at all: what the page says, what it keeps, and that it goes on by itself.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, openSync, closeSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { skip } from "./need.js";
import { silent } from "./packages.js";
import { MINUTE, SECOND, World } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

const set = (/** @type {number} */ page) =>
    `[call("SetValue", "cmi.location", "page-${page}"), call("SetValue", "cmi.score.raw", "${page}"), call("SetValue", "cmi.exit", "suspend"), call("Commit")].join()`;
const SAID = `document.getElementById("saving").textContent`;
const CANNOT_BE_REACHED = "Not saved: the server cannot be reached";

/** @type {World} */
let world;
/** @type {string} */
let topic;
before(async () => {
    world = await World.begin();
    topic = await world.importPackage(await silent("2004"), "Trouble");
});
after(() => world.end());

/** Commits are answered like this, until `honest` is put back. @param {Course} course @param {string} answer An expression. */
function answerWith(course, answer) {
    return course.read(`(() => {
        window.asked = 0;
        window.honest ??= window.fetch;
        window.fetch = (url, options) => {
            if (!String(url).endsWith("/commits")) return window.honest(url, options);
            window.asked++;
            return ${answer};
        };
    })()`);
}

const HONEST = "void (window.fetch = window.honest)";

test("a server that never answers is given up after 45 s, and asked again", async () => {
    const course = await world.launch(topic, "hangs");
    // As a browser's own does: nothing comes, until whoever asked gives it up.
    await answerWith(course, `new Promise((resolve, reject) => {
        options.signal.addEventListener("abort", () => reject(options.signal.reason));
    })`);
    assert.equal(await course.inContent(set(7)), "true,true,true,true");
    await course.advance(40 * SECOND);
    assert.equal(await course.read("window.asked"), 1, "one at a time");
    await course.advance(6 * SECOND);
    assert.equal(await course.read(SAID), CANNOT_BE_REACHED);
    assert.equal(await course.inContent(`call("Commit")`), "true", "it is safe in this browser");
    await course.advance(4 * SECOND);
    assert.equal(await course.read("window.asked"), 2, "it is asked again");
    await course.read(HONEST);
    await course.advance(2 * MINUTE);
    assert.equal(await course.read(SAID), "Saved");
    assert.equal((await world.row("hangs")).score, "7");
    await course.close();
    assert.deepEqual(course.failures, []);
});

for (const [what, answer] of [
    ["a page to log in with", `new Response("<!doctype html><title>Welcome to our network</title>", { headers: { "content-type": "text/html" } })`],
    ["half a receipt", `new Response('{"acked":9')`],
    ["nothing", "new Response()"],
]) {
    test(`${what} with status 200 is no receipt`, async () => {
        const course = await world.launch(topic, what);
        await answerWith(course, `Promise.resolve(${answer})`);
        assert.equal(await course.inContent(set(7)), "true,true,true,true");
        await course.advance(3 * SECOND);
        assert.equal(await course.read(SAID), "Not saved: the server answered 200");
        await course.read(HONEST);
        await course.advance(2 * MINUTE);
        assert.equal((await world.row(what)).score, "7");
        await course.close();
        assert.deepEqual(course.failures, []);
    });
}

test("what the server refuses is logged with the request's id, as the server names it", async () => {
    const course = await world.launch(topic, "named");
    /** @type {string[]} */
    const logged = [];
    course.page.on("console", (it) => void logged.push(it.text()));
    await world.order("fail before_commit");
    assert.equal(await course.inContent(set(7)), "true,true,true,true");
    await course.advance(3 * SECOND);
    const refused = await course.read(`testWorld.answered.find((it) => it.status === 503).answer`);
    await course.until("true");
    const line = logged.find((it) => it.startsWith("seattime: "));
    assert.equal(line, `seattime: /run/v1/commits: 503 unavailable, request ${refused.request_id}`);
    await course.close();
    assert.deepEqual(course.failures, []);
});

/** A disk of 6 MB, or nothing where none can be mounted. */
function smallDisk() {
    const folder = mkdtempSync(join(tmpdir(), "seattime-disk-"));
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "none", folder]).status === 0) return folder;
    rmSync(folder, { recursive: true });
    return undefined;
}

/** Writes until nothing more fits. @param {string} path */
function fill(path) {
    const file = openSync(path, "a");
    for (const size of [64 * 1024, 4096, 1]) {
        try {
            for (;;) writeSync(file, Buffer.alloc(size));
        } catch (error) {
            assert.equal(/** @type {any} */ (error).code, "ENOSPC");
        }
    }
    closeSync(file);
}

const disk = smallDisk();
test("a full disk of the server is said, keeps everything in the page, and is recovered from", async (context) => {
    if (!disk) return skip(context, "mount", "run the tests as a user who may mount file systems");
    const folder = disk;
    const small = await World.begin(folder);
    try {
        const course = await small.launch(await small.importPackage(await silent("2004"), "Full"), "full");
        assert.equal(await course.inContent(set(7)), "true,true,true,true");
        await course.advance(3 * SECOND);
        assert.equal(await course.read(SAID), "Saved");
        fill(join(folder, "filler"));
        assert.equal(await course.inContent(set(8)), "true,true,true,true");
        await course.advance(3 * SECOND);
        assert.match(await course.read(SAID), /^Not saved: the server's disk is full/);
        assert.equal((await small.row("full")).score, "7", "the report goes on with what it had");
        assert.equal(await course.inContent(`call("Commit")`), "true", "it is safe in this browser");
        await course.advance(5 * MINUTE);
        assert.match(await course.read(SAID), /^Not saved: the server's disk is full/);
        rmSync(join(folder, "filler"));
        await course.advance(2 * MINUTE);
        assert.equal(await course.read(SAID), "Saved");
        assert.equal((await small.row("full")).score, "8");
        await course.close();
        assert.deepEqual(course.failures, []);
    } finally {
        await small.end();
        spawnSync("umount", [folder]);
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
});
