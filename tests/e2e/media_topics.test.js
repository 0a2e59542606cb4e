// @ts-check
// A video or audio as a topic, played for real: what counts, what was seen, where it goes on, when it is done.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), the page is kept there as pictures.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ENDED, IT, READY, inFrame, look, position, reached, words } from "./medium.js";
import { RealTime, near, passed } from "./real_time.js";
import { ROOT } from "./testbed.js";

const FILM_S = 4.03;
const TONE_S = 4;
const FILM = readFileSync(join(ROOT, "tests/media/film.webm"));
const TONE = readFileSync(join(ROOT, "tests/media/tone.ogg"));
const CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:01.500\nColours, and a tone\n\n00:01.500 --> 00:04.000\nThe tone goes on\n";

/** @type {RealTime} */
let world;
before(async () => void (world = await RealTime.begin()));
after(() => world.end());

test("a film is taken in two visits, by keys: it goes on where it was left, and is completed at 90 %", async () => {
    const topic = await world.importMedia({ title: "Colours", course: "Films", file: FILM, captions: CAPTIONS });
    const first = await world.take(topic, "anna", READY);
    await first.until("document.activeElement === document.getElementById('content')");
    assert.equal(await words(first, "progress"), "0 % seen; 90 % are needed");
    assert.equal(await words(first, "state"), "Paused: does not count");
    await inFrame(first, passed(2)); // The page is looked at, and nothing plays.
    await first.page.keyboard.press("Space");
    await inFrame(first, reached(1));
    assert.equal(await inFrame(first, `${IT}.textTracks[0].activeCues[0].text`), "Colours, and a tone");
    assert.equal(await inFrame(first, `${IT}.textTracks[0].mode`), "showing");
    await first.page.keyboard.press("c");
    assert.equal(await inFrame(first, `${IT}.textTracks[0].mode`), "hidden");
    await first.page.keyboard.press("c");
    await inFrame(first, reached(1.7));
    await first.page.keyboard.press("k");
    const leftAtS = await position(first);
    await first.until("document.getElementById('time').textContent.endsWith('(not counting: nothing plays)')");
    assert.match(await first.read("document.getElementById('time').textContent"), /^Time so far: 0h 0m [12]s/);
    assert.match(await words(first, "progress"), /^(4\d|5\d) % seen/);
    await look(first, "media");
    await first.close();

    const row = await world.closedRow("anna");
    near(row.time_spent_ms, leftAtS, "Time Spent of the first visit: what played, and nothing else");
    assert.deepEqual([row.status, row.attempts, row.provenance], ["incomplete", 1, "media"]);
    near(row.progress_percent * FILM_S * 10, leftAtS, "progress");

    const second = await world.take(topic, "anna", READY);
    await second.until(`Math.abs(frames[0].${IT}.currentTime - ${leftAtS}) < 0.3`);
    assert.equal(await inFrame(second, "document.querySelectorAll('#seen i').length"), 1);
    await second.page.keyboard.press("Space");
    await inFrame(second, ENDED);
    await second.until("frames[0].document.getElementById('state').textContent === 'Completed just now'");
    assert.match(await words(second, "progress"), /^(9\d|100) % seen/);
    await look(second, "media-completed");
    await second.close();
    const done = await world.row("anna", (it) => it.status === "completed");
    near(done.time_spent_ms, FILM_S, "Time Spent of both visits");
    assert.ok(done.progress_percent >= 90, `${done.progress_percent} %`);
    assert.deepEqual([done.attempts, done.media.length], [1, 1]);

    const third = await world.take(topic, "anna", READY);
    await third.until("frames[0].document.getElementById('state').textContent === 'Completed'");
    assert.equal(await position(third), 0, "it was at its end, so it begins again");
    await third.close();
    for (const { failures } of [first, second, third]) assert.deepEqual(failures, []);
});

test("keys, speed and a seek: the end alone completes nothing, and twice the speed takes half the time", async () => {
    const topic = await world.importMedia({ title: "Keys", file: FILM });
    const tab = await world.take(topic, "berta", READY);
    await tab.until("document.activeElement === document.getElementById('content')");
    await tab.page.keyboard.press("ArrowRight");
    await tab.until(`frames[0].${IT}.currentTime > 4 && !frames[0].${IT}.seeking`);
    assert.match(await words(tab, "progress"), /^0 % seen/, "a seek shows nothing");
    await tab.page.keyboard.press("ArrowLeft");
    await tab.until(`frames[0].${IT}.currentTime === 0 && !frames[0].${IT}.seeking`);
    await tab.page.keyboard.press("m");
    assert.equal(await inFrame(tab, `${IT}.muted`), true);
    for (let n = 0; n < 5; n++) await tab.page.keyboard.press(">");
    await tab.until("frames[0].document.getElementById('speed').value === '2'");
    await tab.page.keyboard.press("Space");
    await inFrame(tab, ENDED);
    await tab.close();
    const row = await world.row("berta", (it) => it.status === "completed");
    near(row.time_spent_ms, FILM_S / 2, "Time Spent");
    assert.deepEqual(tab.failures, []);
});

test("an audio is heard with its words below it", async () => {
    const topic = await world.importMedia({ title: "A tone", course: "Sounds", file: TONE, captions: CAPTIONS, threshold: "50" });
    const tab = await world.take(topic, "carla", READY);
    await tab.until("document.activeElement === document.getElementById('content')");
    await tab.page.keyboard.press("Space");
    await tab.until("frames[0].document.getElementById('words').textContent === 'Colours, and a tone'");
    await tab.until("frames[0].document.getElementById('words').textContent === 'The tone goes on'");
    await inFrame(tab, reached(2.3));
    await tab.until("frames[0].document.getElementById('state').textContent === 'Completed just now'");
    await look(tab, "media-audio");
    await inFrame(tab, ENDED);
    await tab.close();
    const row = await world.row("carla", (it) => it.status === "completed" && it.progress_percent > 90);
    near(row.time_spent_ms, TONE_S, "Time Spent");
    assert.equal(row.media[0].kind, "audio");
    assert.deepEqual(tab.failures, []);
});

test("a film on another host plays and counts, and one that is gone is said to be", async () => {
    const other = createServer((request, response) => {
        if (!request.url?.startsWith("/film.webm")) return void response.writeHead(404).end();
        response.writeHead(200, { "content-type": "video/webm", "content-length": FILM.length }).end(FILM);
    });
    await new Promise((resolve) => other.listen(0, "127.0.0.1", () => resolve(undefined)));
    try {
        const { port } = /** @type {import("node:net").AddressInfo} */ (other.address());
        const url = `http://127.0.0.1:${port}`;
        const topic = await world.importMedia({ title: "Elsewhere", url: `${url}/film.webm?token=1` });
        const tab = await world.take(topic, "dora", READY);
        await tab.until("document.activeElement === document.getElementById('content')");
        await tab.page.keyboard.press("Space");
        await inFrame(tab, ENDED);
        await tab.close();
        const row = await world.row("dora", (it) => it.status === "completed");
        near(row.time_spent_ms, FILM_S, "Time Spent");
        assert.equal(row.media[0].key, `${url}/film.webm#4`, "without its query");

        const gone = await world.importMedia({ title: "Gone", url: `${url}/gone.mp4` });
        const trouble = await world.take(gone, "dora", "frames[0]?.document.getElementById('trouble')?.hidden === false");
        assert.match(await words(trouble, "trouble"), /^The file was not found/);
        await trouble.close();
    } finally {
        other.close();
    }
});
