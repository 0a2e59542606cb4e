// @ts-check
// The timeline of a visit, as a trainer reads it: opened by keyboard, why each minute counted or not.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), it is kept there as pictures.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { filmed } from "./film.js";
import { silent } from "./packages.js";
import { lookAt, place } from "./pictures.js";
import { until, visible } from "./until.js";
import { HOUR, MINUTE, SECOND, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

const COURSE = "Safety on board";
/** Narrower than most: a timeline is wide. */
const NARROW = { width: 360, height: 780 };

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

/** Opens the report, and the details of a row by keyboard alone. @param {Course} course @param {string} topic @param {string} learner */
async function openByKeyboard(course, topic, learner) {
    await course.openReport(learner);
    await course.until("document.querySelectorAll('tr.row').length > 0");
    const focused = "document.activeElement.getAttribute('aria-label')";
    for (let n = 0; (await course.read(focused)) !== `Details of ${topic}`; n++) {
        assert.ok(n < 20, "no key leads to the details");
        await course.page.keyboard.press("Tab");
    }
    await course.page.keyboard.press("Enter");
    await course.until("document.querySelector('.moments') !== null");
}

/** Whether no time below a timeline stands on another. */
const APART = `[...document.querySelectorAll(".times .track")].every((track) => {
    const places = [...track.querySelectorAll("span")].map((it) => it.getBoundingClientRect()).sort((one, other) => one.left - other.left);
    return places.every((it, n) => n === 0 || places[n - 1].right < it.left);
})`;

/** Looks at the visit in every way. @param {Course} course @param {string} name */
async function look(course, name) {
    await lookAt(course, name, {
        phone: NARROW,
        alsoFits: () => course.read(APART),
        async shoot(path, screen) {
            const visit = await course.page.$(".visit");
            if (screen !== "phone") return visit?.screenshot({ path });
            await visit?.evaluate((it) => it.scrollIntoView());
            return course.page.screenshot({ path });
        },
    });
}

/** The story of a visit: verdict and sentence of each line. @param {Course} course @returns {Promise<string[]>} */
const lines = (course) => course.read(`[...document.querySelectorAll(".moments li")].map((it) =>
    [...it.querySelectorAll(".long, .verdict, .why")].map((it) => it.textContent).join("; "))`);

test("a trainer reads why each minute of a visit counted or not", async () => {
    const topic = await world.importPackage(await filmed("Engine room"), COURSE);
    const course = await world.launch(topic, "Anna");
    await course.advance(4 * MINUTE);
    await course.input();
    await course.advance(4 * MINUTE);
    await course.input();
    assert.equal(await course.inContent(`call("SetValue", "cmi.core.session_time", "10:00:00")`), "true");
    await course.hide();
    await course.advance(30 * MINUTE);
    await course.showAgain();
    await course.inContent(`globalThis.it = film("video", 180); it.other("/films/pump.webm", 180); it.begin(); 0`);
    await course.advance(15 * MINUTE); // Three of film, and nobody there for twelve.
    await course.input();
    await course.advance(20 * SECOND);
    await course.sleep(8 * HOUR);
    await course.advance(SECOND);
    await course.input();
    await course.advance(2 * MINUTE);
    await course.input();
    assert.equal(await course.inContent(`call("Terminate")`), "true");
    await course.advance(20 * SECOND);
    await course.click("Leave");
    await course.until("document.body.innerText.includes('Everything is saved')");
    await openByKeyboard(course, "Engine room", "Anna");

    // Eight minutes of work, three of film, half a minute after it, 20 s after a touch, a second awake, two minutes of
    // work, and 20 s on the menu.
    const truthMs = (480 + 180 + 30 + 20 + 120 + 20) * SECOND;
    const [row] = (await world.api("/api/v1/report?learner=Anna")).rows;
    near(row.time_spent_ms, truthMs, "credited");
    const told = await lines(course);
    // What is said of each part: how long it was, whether it counted, and words of the reason.
    const expected = [
        "“Engine room” was opened",
        "0h 8m 0s; counted; Signs of the learner, never more than 5 min apart",
        "“Engine room” reported a time of 10h 0m 0s, but the learner was seen in it for",
        "0h 30m 0s; not counted; The page was hidden",
        "0h 3m 0s; counted; pump.webm played",
        "0h 0m 30s; counted; No further sign of the learner within 5 min after",
        "0h 11m 30s; not counted; Still no sign of the learner until",
        "0h 0m 20s; counted; After the last sign at",
        "8h 0m 1s; not counted; The page did not run: the computer slept",
        "0h 2m 20s; counted; Signs of the learner",
        "“Engine room” ended itself",
    ];
    let from = 0;
    for (const it of expected) {
        const found = told.findIndex((line, n) => n >= from && line.includes(it));
        assert.ok(found >= 0, `not said after line ${from}: ${it}\n${told.join("\n")}`);
        from = found;
    }
    // Who cannot see the picture is told what it shows, and where it is said in words.
    const chart = await course.read(`(({ role, ariaLabel }) => ({ role, ariaLabel }))(document.querySelector(".chart"))`);
    assert.equal(chart.role, "img");
    assert.match(chart.ariaLabel, /0h 14m \d+s of 8h 5\dm \d+s counted.*hidden for 0h 30m 0s.*no sign of the learner for 0h 11m 3\ds.*8h 0m/);
    assert.equal(await course.read("document.querySelector('.scroller').tabIndex"), 0);
    assert.equal(await course.read("document.querySelectorAll('.counted .piece.cut').length"), 3, "hidden, idle and asleep are cut short");
    await look(course, "timeline");
    // However long a visit was, and wherever in the hour it began.
    await course.page.setViewport(NARROW);
    const crowded = await course.read(`import("/report/timeline.js").then(({ draw }) => {
        const found = [];
        for (let minutes = 1; minutes <= 240; minutes++) {
            const opened_ms = ${world.nowMs} + minutes * 37_000;
            const end_ms = opened_ms + minutes * ${MINUTE};
            const segments = [{ kind: "active", counts: true, start_ms: opened_ms, end_ms }];
            const drawn = draw({ opened_ms, contact_ms: end_ms, measured_ms: end_ms - opened_ms, credited_ms: end_ms - opened_ms, segments, signs: [], visible: [], media: [], sessions: [] });
            document.querySelector(".visit").replaceChildren(drawn);
            if (!${APART}) found.push(minutes);
        }
        return found;
    })`);
    assert.deepEqual(crowded, [], "times stand on each other below visits of so many minutes");
    assert.deepEqual(course.failures, []);
});

/** How many there were. */
let launches = 0;

/** Opens a visit as a page would. @param {string} topic @param {string} learner @param {string} [mode] */
async function visitOf(topic, learner, mode = "continue") {
    const body = JSON.stringify({ learner: { id: learner, name: learner }, topic, mode });
    const headers = { "content-type": "application/json", "idempotency-key": `${learner} ${mode} ${++launches}` };
    const { url } = await world.api("/api/v1/launches", { method: "POST", body, headers });
    const code = new URL(url, world.url).hash.replace("#code=", "");
    return world.api("/run/v1/visits", { method: "POST", body: JSON.stringify({ code }), headers });
}

/**
 * Sends what a page would have to say.
 *
 * @param {any} visit
 * @param {{ long: number, signs: number[], kind?: string, reason?: string }} seen In s: how long it was visible, and when there were signs.
 */
async function tell(visit, { long, signs, kind = "human", reason = "commit" }) {
    const ms = long * SECOND;
    const start = visit.server_ms;
    const body = JSON.stringify({
        v: 1, token: visit.token, visit: visit.visit, lease: visit.lease, seq: 1, reason, sent_date_ms: world.nowMs,
        stretches: [{ n: 0, start_date_ms: start, ...(reason === "replay" ? {} : { sent_at_ms: world.nowMs - start }) }],
        sessions: [{ n: 1, seq: 1, kind: "sco", activity: "item-0", try: 1, entry: "ab-initio", state: "left", span: [[0, 0, ms]], reported: { state: "unset" }, set: {} }],
        time: { evidence: signs.map((it) => [0, it * SECOND, it * SECOND, kind]), visible: [[0, 0, ms]] },
    });
    const { status } = await fetch(world.at("/run/v1/commits"), { method: "POST", body, headers: { "content-type": "application/json" } });
    assert.ok(status === 200 || status === 409, `${status}`); // A window that another one took over is told so, and kept.
}

test("a night, two windows at once, and what came a day later are told apart", async () => {
    const topic = await world.importPackage(await silent("1.2", "Lifeboats"), COURSE);
    const night = await visitOf(topic, "Berta");
    await world.serverTo(world.nowMs + 9 * HOUR);
    await tell(night, { long: 9 * 3600, signs: [0, 200, 300] });
    const day = await visitOf(topic, "Berta");
    await world.serverTo(world.nowMs + 8 * HOUR);
    await tell(day, { long: 8 * 3600, signs: Array.from({ length: 121 }, (_, n) => n * 240) });
    const [one, other] = [await visitOf(topic, "Berta"), await visitOf(topic, "Berta")];
    const late = await visitOf(topic, "Berta", "new");
    const shown = await visitOf(topic, "Berta", "review");
    await world.serverTo(world.nowMs + 4 * MINUTE);
    for (const visit of [one, other, shown]) await tell(visit, { long: 240, signs: [0, 120, 240] });
    await world.serverTo(world.nowMs + 24 * HOUR);
    await tell(late, { long: 60, signs: [0, 60], reason: "replay" });

    const page = await world.newTab();
    await page.goto(`${world.url}/reports/my-learning`);
    const read = async (/** @type {string} */ text) => /** @type {string} */ (await page.evaluate(text));
    // A trainer gives the key, and opens the row, by keyboard.
    await visible(page, "#key");
    await page.focus("#key");
    await page.keyboard.type(world.key);
    await page.keyboard.press("Enter");
    await visible(page, "[aria-label='Details of Lifeboats, Berta']");
    await page.focus("[aria-label='Details of Lifeboats, Berta']");
    await page.keyboard.press("Enter");
    await visible(page, ".visit");
    const heads = /** @type {string[]} */ (/** @type {unknown} */ (await read(`[...document.querySelectorAll(".visit summary")].map((it) => it.innerText)`)));
    assert.equal(heads.length, 6);
    assert.equal(heads.filter((it) => it.includes("0h 4m 0s of 0h 4m 0s counted")).length, 3);
    assert.ok(heads.some((it) => it.includes("0h 5m 30s of 9h 0m 0s counted; the rest did not: no sign of the learner for 8h 54m 30s")), heads.join("\n"));
    assert.ok(heads.some((it) => it.includes("no attempt") && it.includes("only looked at, in review or preview")), heads.join("\n"));
    // Only the latest stands open; the others open by keyboard, too.
    assert.equal(await read(`document.querySelectorAll(".visit[open]").length`), 1);
    for (const it of await page.$$(".visit:not([open]) summary")) {
        await it.focus();
        await page.keyboard.press("Enter");
    }
    await until(page, `document.querySelectorAll(".visit[open] .moments").length === 6`);
    const text = await read("document.querySelector('.visits').innerText");
    for (const it of [
        "Still no sign of the learner: nobody can know that they were there",
        "known from the learner’s own computer alone",
        "During 0h 4m 0s of this, another visit of the row counted as well",
    ]) assert.ok(text.includes(it), `not said: ${it}\n${text}`);
    // A day is wider than a window, and moves in its own place.
    const widest = `Math.max(...[...document.querySelectorAll(".scroller")].map((it) => it.scrollWidth - it.clientWidth))`;
    for (const width of [1280, 360]) {
        await page.setViewport({ width, height: 800 });
        const [wide, room] = /** @type {number[]} */ (await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]"));
        assert.ok(wide <= room, `the visits are ${wide} wide in ${room}`);
        assert.ok(Number(await read(widest)) > 200, `${width}`);
        const path = place(`visits-${width}`);
        if (path) await page.screenshot({ path, fullPage: true });
    }
    await page.close();
});

test("what counts though nobody touched anything is not told as signs of the learner", async () => {
    const topic = await world.importPackage(await silent("1.2", "Life rafts"), COURSE);
    const visit = await visitOf(topic, "Cleo");
    await world.serverTo(world.nowMs + 4 * MINUTE);
    await tell(visit, { long: 240, signs: [0, 240], kind: "page" }); // Opened, and left.
    const page = await world.newTab();
    await page.goto(await world.reportUrl("Cleo"));
    await visible(page, "[aria-label='Details of Life rafts']");
    await page.focus("[aria-label='Details of Life rafts']");
    await page.keyboard.press("Enter");
    await visible(page, ".moments");
    const told = /** @type {string} */ (await page.evaluate("document.querySelector('.moments').innerText"));
    assert.match(told, /0h 4m 0s/);
    assert.match(told, /Nobody touched anything, but the page was opened, shown, hidden or left at moments never more than 5 min apart/);
    assert.doesNotMatch(told, /Signs of the learner/);
    const all = /** @type {string} */ (await page.evaluate("document.querySelector('.visit').innerText"));
    assert.match(all, /counted: signs of the learner, or of the page/); // What the colour of both means.
    await page.close();
});
