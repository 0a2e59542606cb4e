// @ts-check
// Nothing is touched but the content: the player's own window never hears of it.

import assert from "node:assert/strict";
import { foreign, silent, sunken } from "../packages.js";
import { MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story[]} */
export default [
    {
        heading: "Presence",
        name: "clicking only inside the content frame",
        browsers: ["chrome", "firefox"],
        content: () => silent("2004"),
        truthS: 840, // A click every four minutes, and two more: no gap is over five.
        take: async (stage) => {
            const course = await stage.open();
            for (let n = 0; n < 3; n++) {
                await course.advance(4 * MINUTE);
                await course.clickContent();
            }
            await course.advance(2 * MINUTE);
            await course.close();
        },
    },
    {
        heading: "Presence",
        name: "clicking only inside a frame of another origin",
        browsers: ["chrome", "firefox"],
        content: () => foreign("2004"),
        // The browser says that somebody clicked there, wherever it was; and 30 s behind the last click. So short that
        // nothing hangs on the page's exit: closing a tab with such a frame, Firefox may break off what it still says.
        truthS: 750,
        take: async (stage) => {
            const course = await stage.open();
            assert.equal(await course.inContent("frames[0].length === undefined"), false);
            for (let n = 0; n < 3; n++) {
                await course.advance(4 * MINUTE - SECOND);
                const click = await course.pressContent();
                await course.advance(SECOND); // It is asked once a second.
                assert.ok(await click(), "the click was forgotten before it could be asked for");
                await course.calm();
            }
            await course.advance(30 * SECOND);
            await course.close();
        },
    },
    {
        heading: "Presence",
        name: "one click inside a frame of another origin, and nobody there",
        content: () => foreign("2004"),
        // Four minutes, and 30 s behind the click, however long the browser says that there was one.
        truthS: 270,
        take: async (stage) => {
            const course = await stage.open();
            await course.advance(4 * MINUTE - SECOND);
            const click = await course.pressContent();
            await course.advance(SECOND);
            assert.ok(await click(), "the click was forgotten before it could be asked for");
            await course.advance(10 * MINUTE);
            await course.calm();
            await course.close();
        },
    },
    {
        heading: "Presence",
        name: "clicking only inside a frame in a shadow root",
        content: () => sunken("2004"),
        truthS: 840, // A click every four minutes, and two more; no window lists such a frame.
        take: async (stage) => {
            const course = await stage.open();
            for (let n = 0; n < 3; n++) {
                await course.advance(4 * MINUTE - SECOND);
                const click = await course.pressContent();
                await course.advance(SECOND);
                assert.ok(await click(), "the click was forgotten before it could be asked for");
                await course.calm();
            }
            await course.advance(2 * MINUTE);
            await course.close();
        },
    },
];
