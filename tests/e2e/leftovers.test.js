// @ts-check
// What waits in a browser: for whom it counts, what keeps it there, and what it never holds up.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Bare } from "./bare.js";
import { silent } from "./packages.js";
import { until } from "./until.js";
import { MINUTE, SECOND, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

const SET = `[call("SetValue", "cmi.location", "page-7"), call("SetValue", "cmi.score.raw", "70"), call("SetValue", "cmi.exit", "suspend"), call("Commit")].join()`;
const READ = `[call("GetValue", "cmi.location"), call("GetValue", "cmi.score.raw"), call("GetValue", "cmi.entry")].join()`;
/** What is written down in this browser: by visit, the messages. */
const KEPT = `new Promise((resolve) => {
    const request = indexedDB.open("seattime");
    request.onsuccess = () => {
        const store = request.result.transaction("visits").objectStore("visits");
        const [ids, all] = [store.getAllKeys(), store.getAll()];
        all.onsuccess = () => { request.result.close(); resolve(ids.result.map((id, n) => [id, all.result[n].join()])); };
    };
})`;
/** Every token in it is changed, as if the server's key was renewed. */
const SPOIL = `new Promise((resolve) => {
    const spoilt = (message) => JSON.stringify({ ...JSON.parse(message), token: "spoilt" });
    for (const key of Object.keys(localStorage).filter((it) => it.startsWith("seattime:"))) {
        localStorage.setItem(key, JSON.stringify(JSON.parse(localStorage.getItem(key)).map(spoilt)));
    }
    const request = indexedDB.open("seattime");
    request.onsuccess = () => {
        const transaction = request.result.transaction("visits", "readwrite");
        const store = transaction.objectStore("visits");
        store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
            if (!cursor) return;
            cursor.update(cursor.value.map(spoilt));
            cursor.continue();
        };
        transaction.oncomplete = () => { request.result.close(); resolve(); };
    };
})`;

/** @type {World} */
let world;
/** @type {string} */
let topic;
before(async () => {
    world = await World.begin();
    topic = await world.importPackage(await silent("2004"), "Leftovers");
});
after(() => world.end());

/** A learner works for two minutes while nothing can be sent, and goes. @param {string} learner */
async function leaveBehind(learner) {
    const course = await world.launch(topic, learner);
    // Nothing gets out of the page, whichever way.
    await course.read(`(() => {
        window.fetch = () => Promise.reject(new TypeError("offline"));
        window.fetchLater = undefined;
        navigator.sendBeacon = () => false;
    })()`);
    await course.advance(2 * MINUTE);
    assert.equal(await course.inContent(SET), "true,true,true,true");
    await course.close();
}

/** Messages to the commits' address are answered like this, until nothing is. @param {Course} course @param {string} answer An expression. */
function answerWith(course, answer) {
    return course.read(`(() => {
        window.asked = 0;
        window.honest ??= window.fetch;
        window.fetch = (url, ...more) => {
            const isCommit = String(url).endsWith("/commits");
            if (isCommit) window.asked++;
            return isCommit ? Promise.resolve(${answer}) : window.honest(url, ...more);
        };
    })()`);
}

/** @param {number} status @param {string} code @param {string} [headers] */
function problem(status, code, headers = "{}") {
    return `new Response(JSON.stringify({ code: "${code}", detail: "${code} it is" }), { status: ${status}, headers: ${headers} })`;
}

test("what a learner left on a shared computer counts for that learner, whoever comes next", async () => {
    await leaveBehind("first");
    const other = await world.launch(topic, "second");
    assert.equal(await other.inContent(READ), ",,ab-initio");
    const row = await world.row("first", (it) => it.score === "70");
    near(row.time_spent_ms, 2 * MINUTE);
    await other.advance(MINUTE);
    assert.equal((await world.row("second")).score, null);
    await other.close();
    const again = await world.launch(topic, "first");
    assert.equal(await again.inContent(READ), "page-7,70,resume");
    await again.close();
    assert.deepEqual([...other.failures, ...again.failures], []);
});

test("leftovers whose token is refused stay in the browser, and hold up no next visit", async () => {
    await leaveBehind("refused");
    const tab = await world.newTab();
    await tab.goto(`${world.runUrl}/livez`);
    await tab.evaluate(SPOIL);
    await tab.close();
    const next = await world.launch(topic, "refused");
    assert.equal(await next.inContent(READ), ",,ab-initio");
    assert.equal(await next.inContent(SET), "true,true,true,true");
    await next.advance(5 * SECOND);
    assert.equal((await world.row("refused")).score, "70", "what is done now is kept");
    const kept = /** @type {[string, string][]} */ (await next.read(KEPT));
    assert.equal(kept.filter(([, messages]) => messages.includes("spoilt") && messages.includes("page-7")).length, 1);
    await next.close();
    assert.deepEqual(next.failures, []);
});

test("leftovers that are not whole are told of and forgotten, and hold up no next visit", async () => {
    await leaveBehind("not-whole");
    const tab = await world.newTab();
    await tab.goto(`${world.runUrl}/livez`);
    await tab.evaluate(SPOIL.replace("JSON.stringify({ ...JSON.parse(message), token: \"spoilt\" })", "message.slice(0, 300)"));
    const broken = /** @type {[string, string][]} */ (await tab.evaluate(KEPT)).filter(([, messages]) => messages.length === 300);
    assert.ok(broken.length > 0);
    await tab.close();
    const next = await world.launch(topic, "not-whole");
    assert.equal(await next.inContent(READ), ",,ab-initio");
    assert.equal(await next.inContent(SET), "true,true,true,true");
    await next.advance(5 * SECOND);
    const kept = /** @type {[string, string][]} */ (await next.read(KEPT));
    assert.equal(kept.filter(([id]) => broken.some((it) => it[0] === id)).length, 0);
    await next.close();
});

for (const [status, code] of /** @type {const} */ ([[401, "token_invalid"], [413, "too_large"]])) {
    test(`a live page that is answered ${status} says so, keeps everything, and sends it once it is taken`, async () => {
        const course = await world.launch(topic, code);
        await answerWith(course, problem(status, code));
        assert.equal(await course.inContent(SET), "true,true,true,true");
        await course.advance(3 * SECOND);
        const said = await course.read(`document.getElementById("saving").textContent`);
        assert.equal(said, `Not saved: ${code} it is`);
        const kept = /** @type {[string, string][]} */ (await course.read(KEPT));
        assert.ok(kept.some(([, messages]) => messages.includes("page-7")));
        assert.equal(await course.inContent(`call("Commit")`), "true", "it is safe in this browser");
        await course.read("void (window.fetch = window.honest)");
        await course.advance(2 * MINUTE);
        assert.equal((await world.row(code)).score, "70");
        assert.equal(await course.read(`document.getElementById("saving").textContent`), "Saved");
        await course.close();
        assert.deepEqual(course.failures, []);
    });
}

test("a server that asks for 40 s of patience is left alone for so long, even when content commits", async () => {
    const course = await world.launch(topic, "patience");
    await answerWith(course, problem(503, "busy", `{ "retry-after": "40" }`));
    assert.equal(await course.inContent(SET), "true,true,true,true");
    await course.advance(2 * SECOND);
    assert.equal(await course.read("window.asked"), 1);
    assert.equal(await course.inContent(`call("Commit")`), "true");
    await course.advance(37 * SECOND);
    assert.equal(await course.read("window.asked"), 1);
    await course.advance(4 * SECOND);
    assert.equal(await course.read("window.asked"), 2);
    await course.close();
    assert.deepEqual(course.failures, []);
});

test("a page that another window took over covers its content and takes no more", async () => {
    const old = await world.launch(topic, "two windows");
    await old.advance(MINUTE);
    const held = await old.read("void (window.api = window.API_1484_11)");
    assert.equal(held, undefined);
    const newer = await world.launch(topic, "two windows");
    await old.page.bringToFront();
    await old.inContent(SET);
    await old.advance(3 * SECOND);
    assert.match(await old.read(`document.getElementById("cover-title").textContent`), /continued in another window/);
    assert.equal(await old.read(`document.getElementById("content").inert`), true);
    assert.equal(await old.read(`api.Commit("") + api.Terminate("")`), "falsefalse");
    await old.close();
    await newer.close();
    assert.deepEqual([...old.failures, ...newer.failures], []);
});

test("leftovers that a restored server asks for again are sent again, and only then forgotten", async () => {
    const bare = await Bare.open("chrome");
    /** Opens a visit whose transport answers one after the other, and notes which visit each message was of. */
    const launch = `
        const { launch } = await import("/pkg/seattime.js");
        const sent = (window.sent = []);
        window.visit = await launch({
            frame: document.getElementById("content"),
            data: { api: "2004", visit: given.visit, activities: [{ id: "item", url: "/content.html" }] },
            transport: async (message) => {
                sent.push(JSON.parse(message).visit);
                const answer = given.answers[Math.min(sent.length, given.answers.length) - 1];
                if (answer === null) throw new Error("offline");
                return answer;
            },
        });`;
    try {
        await bare.run(`${launch}
            await visit.start(0);
            API_1484_11.Initialize("");
            API_1484_11.SetValue("cmi.location", "page-7");
            API_1484_11.Commit("");`, { visit: "first", answers: [null] });
        await until(bare.page, `${KEPT}.then((it) => it.length === 1)`);
        await bare.page.reload();
        await bare.run(launch, { visit: "second", answers: [{ need_full: true }, {}] });
        await until(bare.page, `${KEPT}.then((it) => it.length === 0)`);
        assert.deepEqual(await bare.run("return sent"), ["first", "first"]);
    } finally {
        await bare.close();
    }
});
