// @ts-check
// What following a learner costs: a tick of the run-time with ten films that play, and the bytes that it sends.

import { Bare } from "../e2e/bare.js";
import { filmed } from "../e2e/film.js";
import { HOUR, MINUTE, SECOND, World } from "../e2e/world.js";

const FILMS = 10;
/** So many ticks are timed, as they come: once a second. */
const TICKS = 25;
/** What a tick may take of its second, in ms. */
const MOST_OF_TICK_MS = 1;
const MOST_OF_WHOLE_BYTES = 24 * 1024;
const MOST_OF_HEARTBEAT_BYTES = 700;

const HOURS = 8;
const BURSTS_AN_HOUR = 100;

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

let over = 0;
/** @param {string} name @param {number} found @param {number} limit @param {string} unit */
function said(name, found, limit, unit) {
    const isOver = found > limit;
    if (isOver) over++;
    console.log(`  ${name}: ${Number(found.toFixed(3))} ${unit}, at most ${limit}${isOver ? "  OVER" : ""}`);
}

/** Ten films in the content's page, and how long each callback of a timer takes that comes once a second. */
async function ticks() {
    const bare = await Bare.open("chrome");
    try {
        return /** @type {{ ours: number[], empty: number[], playing: number }} */ (await bare.run(`
            const times = { ours: [], empty: [] };
            let of = "ours";
            const { setInterval } = window;
            window.setInterval = (act, ms) => {
                const list = times[of];
                return setInterval(() => {
                    const from = performance.now();
                    act();
                    list.push(performance.now() - from);
                }, ms);
            };
            const { launch } = await import("/pkg/seattime.js");
            const frame = document.getElementById("content");
            const data = { api: "2004", activities: [{ id: "item", url: "/content.html" }] };
            const visit = await launch({ frame, data, transport: async (message) => ({ acked: JSON.parse(message).seq }) });
            await visit.start(0);
            await new Promise((resolve) => frame.addEventListener("load", resolve));
            const bytes = await (await fetch("/tests/media/film.webm")).arrayBuffer();
            const { document: inside } = frame.contentWindow;
            const films = await Promise.all(Array.from({ length: given.films }, async () => {
                const film = inside.createElement("video");
                [film.muted, film.loop] = [true, true];
                film.src = URL.createObjectURL(new Blob([bytes], { type: "video/webm" }));
                inside.body.append(film);
                await film.play();
                return film;
            }));
            of = "empty";
            window.setInterval(() => {}, 1000);
            await new Promise((resolve) => setTimeout(resolve, (given.ticks + 3) * 1000));
            // The first ones compile what they call.
            return { ours: times.ours.slice(3), empty: times.empty.slice(3), playing: films.filter((it) => !it.paused).length };`,
            { films: FILMS, ticks: TICKS }));
    } finally {
        await bare.close();
    }
}

/** What the page sends of a day, and of half a minute: the real page before the real server, under the test clock. */
async function bytes() {
    const world = await World.begin();
    try {
        const topic = await world.importPackage(await filmed("A working day"), "Cost");
        const course = await world.launch(topic, "A working day");
        await course.read(`(() => {
            const { fetch } = window;
            window.told = [];
            window.fetch = (url, request) => {
                told.push(request.body);
                return fetch(url, request);
            };
        })()`);
        await course.advance(2 * MINUTE);
        await course.input();
        await course.advance(MINUTE);
        /** @type {string[]} */
        const bodies = await course.read("told");
        const isNew = (/** @type {any} */ it) => it.reason === "heartbeat" && it.time.evidence.length === 1 && it.time.evidence[0].length === 3;
        const heartbeat = bodies.find((it) => isNew(JSON.parse(it)));
        if (!heartbeat) throw new Error(`no heartbeat has one new burst: ${bodies.join("\n")}`);

        // A day without a network, so that nothing of it is acknowledged. Each hour a film of ten minutes plays, and for
        // a moment another tab is in front.
        await course.loseNetwork(true);
        const gapMs = HOUR / BURSTS_AN_HOUR;
        for (let hour = 0; hour < HOURS; hour++) {
            await course.inContent(`globalThis.it = film("video", 600); it.other("/part-${hour}", 600); it.begin(); 0`);
            for (let n = 0; n < BURSTS_AN_HOUR; n++) {
                await course.advance(gapMs / 2);
                if (n === BURSTS_AN_HOUR / 2) {
                    await course.hide();
                    await course.advance(10 * SECOND);
                    await course.showAgain();
                }
                await course.input();
                await course.advance(2 * SECOND);
                await course.input();
                await course.advance(gapMs / 2 - (n === BURSTS_AN_HOUR / 2 ? 12 : 2) * SECOND);
            }
        }
        await course.read("told.length = 0");
        await course.advance(2 * MINUTE); // What is packed does not get through, and is tried as it is.
        const tries = /** @type {string[]} */ (await course.read("told.filter((it) => typeof it === 'string')")).map((it) => JSON.parse(it));
        const whole = tries.find((it) => it.time.evidence.length >= HOURS * BURSTS_AN_HOUR);
        if (!whole) throw new Error(`no message holds the whole day: ${tries.map((it) => `${it.after} to ${it.seq}`)}`);
        return { heartbeat, whole };
    } finally {
        await world.end();
    }
}

console.log("bench cost: a tick with ten films, and what is sent");
const { ours, empty, playing } = await ticks();
if (playing !== FILMS) throw new Error(`${playing} films play`);
console.log(`  an empty timer: ${(1000 * median(empty)).toFixed(0)} µs; a tick: ${(1000 * median(ours)).toFixed(0)} µs, at most ${(1000 * Math.max(...ours)).toFixed(0)}, ${ours.length} ticks`);
said("a tick beyond an empty timer", median(ours) - median(empty), MOST_OF_TICK_MS, "ms");

const size = (/** @type {string} */ text) => new TextEncoder().encode(text).length;
const { heartbeat, whole } = await bytes();
const bursts = whole.time.evidence.filter((/** @type {any[]} */ it) => it.length === 3).length;
console.log(`  a day: ${bursts} bursts of a hand, ${whole.time.visible.length} times visible, ${whole.time.med.length} of media; the whole message ${size(JSON.stringify(whole))} bytes`);
said("evidence, visibility and media of the day", size(JSON.stringify(whole.time)) + size(JSON.stringify(whole.media)), MOST_OF_WHOLE_BYTES, "bytes");
const { token } = JSON.parse(heartbeat);
console.log(`  of a heartbeat, ${size(token)} bytes are the token`);
said("a heartbeat with one new burst", size(heartbeat), MOST_OF_HEARTBEAT_BYTES, "bytes");
console.log(over === 0 ? "bench cost: everything is within its limit" : `bench cost: ${over} OVER their limits`);
process.exitCode = over === 0 ? 0 : 1;
