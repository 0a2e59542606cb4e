// @ts-check
// Media in a package, played by the test clock: what plays counts as long as it plays what was not played since the last
// sign of a hand; after the last sign of anything, 30 s count while the page is visible.
//
// What a browser's own playback comes to is told by short films in `media.test.js`; `twin` names the one that does the same.

import assert from "node:assert/strict";
import { filmed } from "../film.js";
import { HOUR, MINUTE, SECOND, near } from "../world.js";

/** @typedef {import("../course.js").Course} Course */

/** @param {Course} course @param {string} call */
const does = (course, call) => course.inContent(`it.${call}; 0`);

/**
 * @typedef {object} Playing
 * @property {string} name
 * @property {import("../bare.js").Browser[]} [browsers]
 * @property {string} [twin] The test that plays the like for real.
 * @property {string} film What plays.
 * @property {(course: Course) => Promise<void>} take
 * @property {number} truthS
 * @property {number} mediaS How much of it was media.
 * @property {number[]} seenS What was seen of each item.
 */

const PLAYING = /** @type {Playing[]} */ ([
    {
        name: "video straight through, 60 s",
        browsers: ["chrome", "firefox"],
        twin: "a film straight through",
        film: `film("video", 60)`,
        take: (course) => course.advance(MINUTE),
        truthS: 60, mediaS: 60, seenS: [60],
    },
    {
        name: "video straight through, 60 min",
        twin: "a film straight through",
        film: `film("video", 3600)`,
        take: (course) => course.advance(HOUR),
        truthS: 3600, mediaS: 3600, seenS: [3600],
    },
    {
        name: "an hour of video, and the page left open for three more",
        twin: "a film straight through",
        film: `film("video", 3600)`,
        take: (course) => course.advance(4 * HOUR),
        truthS: 3630, mediaS: 3600, seenS: [3600],
    },
    {
        name: "video moved to its last ten seconds after a minute",
        twin: "a film that is moved to its last second",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, "goTo(3590)");
            await course.advance(10 * SECOND);
        },
        truthS: 70, mediaS: 70, seenS: [70],
    },
    {
        name: "video at 2x",
        twin: "a film at twice the speed",
        film: `film("video", 3600)`,
        take: async (course) => {
            await does(course, "goAt(2)");
            await course.advance(30 * MINUTE);
        },
        truthS: 1800, mediaS: 1800, seenS: [3600],
    },
    {
        name: "video at 16x",
        twin: "a film four times as fast",
        film: `film("video", 3600)`,
        take: async (course) => {
            await does(course, "goAt(16)");
            await course.advance(225 * SECOND);
        },
        // Of what was shown, twice the time and 5 s are taken for seen.
        truthS: 225, mediaS: 225, seenS: [455],
    },
    {
        name: "same 30 s five times, each after a touch",
        twin: "the same second three times, each after a touch",
        film: `film("video", 3600)`,
        take: async (course) => {
            for (let n = 0; n < 5; n++) {
                await course.input();
                await does(course, "goTo(100)");
                await course.advance(30 * SECOND);
            }
        },
        truthS: 150, mediaS: 150, seenS: [30],
    },
    {
        name: "unmuted background music on a loop overnight",
        twin: "a tone on a loop, nearly three times",
        film: `film("audio", 200, true)`,
        take: (course) => course.advance(8 * HOUR),
        // One round, and 30 s behind the last of it that was news.
        truthS: 230, mediaS: 200, seenS: [200],
    },
    {
        name: "muted loop overnight",
        twin: "a muted film on a loop, nearly three times",
        film: `Object.assign(film("video", 90, true), { muted: true })`,
        take: (course) => course.advance(8 * HOUR),
        truthS: 120, mediaS: 90, seenS: [90],
    },
    {
        name: "audio in a hidden tab",
        twin: "a tone in a hidden tab",
        film: `film("audio", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await course.hide();
            await course.advance(30 * MINUTE);
        },
        truthS: 1860, mediaS: 1860, seenS: [1860],
    },
    {
        name: "video hidden",
        twin: "a film in a tab that is hidden after two seconds",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await course.hide();
            await course.advance(30 * MINUTE);
        },
        truthS: 60, mediaS: 60, seenS: [60],
    },
    {
        name: "video hidden, and in picture-in-picture",
        twin: "a film as picture in picture, in a tab that is hidden after a second",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.inContent(`Object.defineProperty(document, "pictureInPictureElement", { get: () => it }); 0`);
            await course.advance(MINUTE);
            await course.hide();
            await course.advance(30 * MINUTE);
        },
        truthS: 1860, mediaS: 1860, seenS: [1860],
    },
    {
        name: "buffering 20 s",
        twin: "a film that has to wait for its second half",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, "stick(true)");
            await course.advance(20 * SECOND);
            await does(course, "stick(false)");
            await course.advance(MINUTE);
        },
        // The learner waits before a page that is visible: that is time in the course, and no media.
        truthS: 140, mediaS: 120, seenS: [120],
    },
    {
        name: "detached audio",
        twin: "an audio that is in no document",
        film: `film("audio", 900, false, true)`,
        take: async (course) => {
            await course.advance(10 * MINUTE);
            await does(course, "halt()");
        },
        truthS: 600, mediaS: 600, seenS: [600],
    },
    {
        name: "video and SCO in one package at once",
        twin: "a film straight through",
        film: `film("video", 300)`,
        take: async (course) => {
            // Twelve minutes in the SCO, the film in the first five of them.
            for (const minutes of [4, 4]) {
                await course.advance(minutes * MINUTE);
                await course.input();
            }
            await course.advance(4 * MINUTE);
        },
        truthS: 720, mediaS: 300, seenS: [300],
    },
    {
        name: "file replaced by another",
        twin: "a film, and in its element a tone after it",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, `other("/b/video", 40)`);
            await course.advance(40 * SECOND);
        },
        truthS: 100, mediaS: 100, seenS: [60, 40],
    },
    {
        name: "video while the machine sleeps 8 h",
        film: `film("video", 3600)`,
        take: async (course) => {
            await course.advance(MINUTE);
            await does(course, "stick(true)"); // What sleeps does not play, and tells nobody.
            await course.sleep(8 * HOUR);
            await does(course, "stick(false)");
            await course.advance(SECOND); // The first second awake: the clocks tell what happened.
            await course.advance(MINUTE);
        },
        truthS: 120, mediaS: 120, seenS: [120],
    },
]);

export default /** @type {import("../stage.js").Story[]} */ (PLAYING.map(({ name, browsers, twin, film, take, truthS, mediaS, seenS }) => ({
    heading: "Media",
    name,
    browsers,
    twin,
    content: () => filmed(name),
    truthS,
    take: async (stage) => {
        const course = await stage.open();
        await course.inContent(`globalThis.it = ${film}; it.begin(); 0`);
        await take(course);
        await course.close();
    },
    check: (row) => {
        near(row.media_ms, mediaS * SECOND, "media");
        assert.equal(row.media.length, seenS.length, JSON.stringify(row.media));
        row.media.forEach((it, n) => near(it.covered_ms, seenS[n] * SECOND, it.key));
        assert.ok(row.media.every((it) => it.key.startsWith("http://media.test/") && !it.key.includes("secret")));
    },
})));
