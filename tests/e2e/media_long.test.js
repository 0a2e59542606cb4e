// @ts-check
// Media that play for longer than a test may: a real element whose position follows the test clock.
//
// What is expected follows from what happens, by the rules of time: what plays counts as long as it plays what was not
// played since the last sign of a hand; after the last sign of anything, 30 s count while the page is visible.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { playing } from "./packages.js";
import { HOUR, MINUTE, SECOND, World, near } from "./world.js";

/** @typedef {import("./course.js").Course} Course */

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

// What the browser would say of an element that plays; it tells its events, and what it is asked is up to the clock.
const BODY = `<div id="place"></div><script>
    function film(kind, duration, isLoop) {
        const element = document.createElement(kind);
        const now = () => parent.testWorld.nowMs / 1000;
        let from = 0, since = now(), rate = 1, isPaused = true, isStuck = false, source = "/a/" + kind + "?secret=1";
        const position = () => {
            const at = isPaused || isStuck ? from : from + (now() - since) * rate;
            return isLoop ? at % duration : Math.min(at, duration);
        };
        const change = (act, event) => {
            [from, since] = [position(), now()];
            act();
            if (event) element.dispatchEvent(new Event(event));
        };
        const is = {
            currentSrc: () => "http://media.test" + source, duration: () => duration, playbackRate: () => rate, seeking: () => false,
            currentTime: position, ended: () => !isLoop && position() === duration, videoWidth: () => (kind === "video" ? 64 : 0),
            paused: () => isPaused || (!isLoop && position() === duration),
        };
        for (const [name, get] of Object.entries(is)) Object.defineProperty(element, name, { get });
        place.append(element);
        return Object.assign(element, {
            begin: () => change(() => (isPaused = false), "play"),
            halt: () => change(() => (isPaused = true), "pause"),
            stick: (is) => change(() => (isStuck = is), "waiting"),
            goTo: (to) => change(() => (from = to), "seeking"),
            goAt: (to) => change(() => (rate = to), "ratechange"),
            other: (name, long) => change(() => ([source, duration, from] = [name, long, 0]), "emptied"),
        });
    }
</script>`;

/**
 * @typedef {object} Story
 * @property {string} name
 * @property {string} film What plays.
 * @property {(course: Course) => Promise<void>} take
 * @property {number} creditedS
 * @property {number} mediaS
 * @property {number[]} seenS What was seen of each item.
 */

/** @param {Course} course @param {string} call */
const does = (course, call) => course.inContent(`it.${call}; 0`);

const STORIES = /** @type {Story[]} */ ([
    {
        name: "an hour of film that nobody touches",
        film: `film("video", 3600)`,
        take: (course) => course.advance(HOUR),
        creditedS: 3600, mediaS: 3600, seenS: [3600],
    },
    {
        name: "an hour of film, and the page left open for three more",
        film: `film("video", 3600)`,
        take: (course) => course.advance(4 * HOUR),
        creditedS: 3630, mediaS: 3600, seenS: [3600],
    },
    {
        name: "a film at twice the speed",
        film: `film("video", 3600)`,
        take: async (course) => {
            await does(course, "goAt(2)");
            await course.advance(30 * MINUTE);
        },
        creditedS: 1800, mediaS: 1800, seenS: [3600],
    },
    {
        name: "a film 16 times as fast",
        film: `film("video", 3600)`,
        take: async (course) => {
            await does(course, "goAt(16)");
            await course.advance(225 * SECOND);
        },
        // Of what was shown, twice the time and 5 s are taken for seen.
        creditedS: 225, mediaS: 225, seenS: [455],
    },
    {
        name: "a film that is moved to its end after a minute",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, "goTo(3590)");
            await course.advance(10 * SECOND);
        },
        creditedS: 70, mediaS: 70, seenS: [70],
    },
    {
        name: "the same 30 seconds five times, each time after a touch",
        film: `film("video", 3600)`,
        take: async (course) => {
            for (let n = 0; n < 5; n++) {
                await course.input();
                await does(course, "goTo(100)");
                await course.advance(30 * SECOND);
            }
        },
        creditedS: 150, mediaS: 150, seenS: [30],
    },
    {
        name: "music on a loop for four hours",
        film: `film("audio", 200, true)`,
        take: (course) => course.advance(4 * HOUR),
        creditedS: 230, mediaS: 200, seenS: [200],
    },
    {
        name: "a muted film on a loop for four hours",
        film: `Object.assign(film("video", 90, true), { muted: true })`,
        take: (course) => course.advance(4 * HOUR),
        creditedS: 120, mediaS: 90, seenS: [90],
    },
    {
        name: "half an hour of audio in a hidden tab",
        film: `film("audio", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await course.hide();
            await course.advance(30 * MINUTE);
        },
        creditedS: 1860, mediaS: 1860, seenS: [1860],
    },
    {
        name: "half an hour of film in a hidden tab",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await course.hide();
            await course.advance(30 * MINUTE);
        },
        creditedS: 60, mediaS: 60, seenS: [60],
    },
    {
        name: "half an hour of film as picture in picture",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.inContent(`Object.defineProperty(document, "pictureInPictureElement", { get: () => it }); 0`);
            await course.advance(MINUTE);
            await course.hide();
            await course.advance(30 * MINUTE);
        },
        creditedS: 1860, mediaS: 1860, seenS: [1860],
    },
    {
        name: "20 seconds of buffering in the middle",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, "stick(true)");
            await course.advance(20 * SECOND);
            await does(course, "stick(false)");
            await course.advance(MINUTE);
        },
        // The learner waits before a page that is visible: that is time in the course, and no media.
        creditedS: 140, mediaS: 120, seenS: [120],
    },
    {
        name: "a file that is replaced by another",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, `other("/b/video", 40)`);
            await course.advance(40 * SECOND);
        },
        creditedS: 100, mediaS: 100, seenS: [60, 40],
    },
    {
        name: "a film while the machine sleeps",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, "stick(true)"); // What sleeps does not play, and tells nobody.
            await course.sleep(8 * HOUR);
            await does(course, "stick(false)");
            await course.advance(SECOND); // The first second awake: the clocks tell what happened.
            await course.advance(MINUTE);
        },
        creditedS: 120, mediaS: 120, seenS: [120],
    },
]);

for (const { name, film, take, creditedS, mediaS, seenS } of STORIES) {
    test(`${name}: ${creditedS} s`, async () => {
        const topic = await world.importPackage(await playing(name, BODY), "Media");
        const course = await world.launch(topic, name);
        await course.inContent(`globalThis.it = ${film}; it.begin(); 0`);
        await take(course);
        await course.close();

        const row = await world.closedRow(name);
        near(row.time_spent_ms, creditedS * SECOND, "credited");
        near(row.media_ms, mediaS * SECOND, "media");
        assert.equal(row.media.length, seenS.length, JSON.stringify(row.media));
        row.media.forEach((it, n) => near(it.covered_ms, seenS[n] * SECOND, it.key));
        assert.ok(row.media.every((it) => it.key.startsWith("http://media.test/") && !it.key.includes("secret")));
        assert.equal(row.provenance, "media");
        assert.deepEqual(course.failures, []);
    });
}
