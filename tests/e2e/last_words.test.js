// @ts-check
// What a page says as it goes, without being asked twice: on `freeze`, by a promise of the browser, and in `unload`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { skip } from "./need.js";
import { lastWords, silent } from "./packages.js";
import { MINUTE, SECOND, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

/** What lies in this browser of every visit: in IndexedDB, and as a copy that was there at once. */
const KEPT = `new Promise((resolve) => {
    const copies = Object.entries(localStorage).filter(([key]) => key.startsWith("seattime:")).map((it) => it[1]);
    const request = indexedDB.open("seattime");
    request.onsuccess = () => {
        const all = request.result.transaction("visits").objectStore("visits").getAll();
        all.onsuccess = () => { request.result.close(); resolve({ written: all.result.flat(), copied: copies.flatMap((it) => JSON.parse(it)) }); };
    };
})`;
/** Notes each promise that the page asks of the browser, and still lets the browser keep it. */
const NOTE_PROMISES = `(() => {
    const { fetchLater } = window;
    if (fetchLater === undefined) return false;
    window.promises = [];
    window.fetchLater = (url, { body, signal, ...more }) => {
        const kept = fetchLater(url, { body, signal, ...more });
        window.promises.push({ body: JSON.parse(body), signal, kept });
        return kept;
    };
    return true;
})()`;
/** The values that are promised now: one text a promise that was not taken back. */
const PROMISED = `window.promises.filter((it) => !it.signal.aborted && !it.kept.activated).map((it) => JSON.stringify(it.body.sessions))`;

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** @param {string} element @param {string} value */
const set = (element, value) => `call("SetValue", "${element}", "${value}")`;

test("a tab that is frozen has written down, copied and sent what it held, before anything of it runs again", async () => {
    const topic = await world.importPackage(await silent("2004"), "Last words");
    const course = await world.launch(topic, "frozen");
    await course.input();
    await course.advance(2 * MINUTE);
    assert.equal(await course.inContent(`${set("cmi.location", "page-3")} + ${set("cmi.completion_status", "completed")}`), "truetrue");
    assert.equal((await world.row("frozen")).status, "incomplete", "nothing of it was sent");
    await course.freeze(true);

    // The page cannot hear the answer, so that it still holds all of it.
    const row = await world.row("frozen", (it) => it.status === "completed");
    near(row.time_spent_ms, 2 * MINUTE);
    const beside = await world.newTab();
    await beside.goto(`${world.runUrl}/livez`);
    const { written, copied } = /** @type {Record<string, string[]>} */ (await beside.evaluate(KEPT));
    for (const [place, messages] of Object.entries({ written, copied })) {
        assert.ok(messages.some((it) => it.includes("page-3") && it.includes("completed")), `${place}: ${messages}`);
    }
    await beside.close();

    await course.freeze(false);
    await course.advance(MINUTE);
    await course.close();
    near((await world.closedRow("frozen")).time_spent_ms, 3 * MINUTE);
    assert.deepEqual(course.failures, []);
});

test("one promise stands for what is not acknowledged, anew with each checkpoint, and none once all is", async (t) => {
    const topic = await world.importPackage(await silent("2004"), "Last words");
    const course = await world.launch(topic, "promised");
    if (!(await course.read(NOTE_PROMISES))) return skip(t, "fetchLater", "the test needs a browser that has it");
    await course.input();
    await course.loseNetwork(true);
    for (const location of ["page-1", "page-2", "page-3"]) {
        await course.inContent(set("cmi.location", location));
        await course.advance(6 * SECOND); // A checkpoint at least, and messages that reach nobody.
        const promised = await course.read(PROMISED);
        assert.equal(promised.length, 1, `${location}: ${promised}`);
        assert.ok(promised[0].includes(location), promised[0]);
    }
    await course.loseNetwork(false);
    const isAcknowledged = `testWorld.answered.some((it) => it.status === 200 && it.sent.includes("page-3"))`;
    for (let n = 0; n < 60 && !(await course.read(isAcknowledged)); n++) await course.advance(SECOND);
    assert.deepEqual(await course.read(PROMISED), [], "of what is safe nothing is left to promise");

    await course.inContent(`${set("cmi.location", "page-4")} + ${set("cmi.completion_status", "completed")}`);
    await course.advance(6 * SECOND);
    assert.equal((await world.row("promised")).status, "incomplete", "nothing of it was sent");
    await course.crash();
    await world.row("promised", (it) => it.status === "completed");
    const again = await world.launch(topic, "promised");
    assert.equal(await again.inContent(`call("GetValue", "cmi.location")`), "page-4");
    await again.close();
});

for (const [how, leave] of /** @type {[string, (course: Course) => Promise<void>][]} */ ([
    ["the tab is closed", (course) => course.close()],
    ["the tab goes on to another page", async (course) => void (await course.page.goto(`${world.runUrl}/livez`))],
    ["the player takes it away", async (course) => {
        await course.click("The rest");
        await course.until("frames[0].document.title === 'The rest' && frames[0].isReady");
        await course.advance(2 * SECOND);
    }],
])) {
    test(`content that speaks in \`unload\` alone is heard when ${how}`, async () => {
        const topic = await world.importPackage(await lastWords(`Last words, ${how}`), "Last words");
        const learner = `unload: ${how}`;
        const course = await world.launch(topic, learner);
        await course.input();
        await course.advance(2 * MINUTE);
        assert.equal((await world.row(learner)).status, "incomplete");
        await leave(course);
        const row = await world.row(learner, (it) => it.details.some((each) => each.state === "terminated"));
        assert.equal(row.score, "81");
        near(row.details.find((it) => it.activity.startsWith("Last words"))?.measured_ms ?? null, 2 * MINUTE);
        assert.deepEqual(course.failures, []);
        if (!course.page.isClosed()) await course.close();
        const again = await world.launch(topic, learner);
        // A relaunch goes on with the part that was left.
        if (how === "the player takes it away") {
            await again.until("frames[0].document.title === 'The rest' && frames[0].isReady");
            await again.click(`Last words, ${how}`);
            await again.until("frames[0].document.title !== 'The rest' && frames[0].isReady");
        }
        const read = `[call("GetValue", "cmi.core.lesson_location"), call("GetValue", "cmi.suspend_data").length, call("GetValue", "cmi.core.entry")].join()`;
        assert.equal(await again.inContent(read), "page-7,4000,resume");
        await again.close();
    });
}

test("player and content are allowed `unload`, whatever the browser does by itself", async () => {
    const topic = await world.importPackage(await lastWords("Allowed"), "Last words");
    const course = await world.launch(topic, "allowed");
    const allowed = `(document.permissionsPolicy ?? document.featurePolicy).allowsFeature("unload")`;
    assert.equal(await course.read(allowed), true, "the player");
    assert.equal(await course.inContent(allowed), true, "the content");
    const [page, content] = await course.read(`Promise.all([location.href, frames[0].location.href].map((it) => fetch(it).then((it) => it.headers.get("permissions-policy"))))`);
    assert.equal(page, "unload=(self)");
    assert.equal(content, "unload=(self)");
    await course.close();
    const beside = await world.newTab();
    await beside.goto(`${world.runUrl}/livez`);
    assert.equal(await beside.evaluate(allowed), false, "a page that does not say so, in the browser of these tests");
    await beside.close();
});
