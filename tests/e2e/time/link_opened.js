// @ts-check
// A link or a form opens the lesson in a window of its own, which covers the player.

import assert from "node:assert/strict";
import { linking } from "../packages.js";
import { MINUTE } from "../world.js";

const FILLING = "display: block; width: 100vw; height: 90vh";

/** @type {[name: string, opener: string][]} */
const OPENERS = [
    ["a link with a named target", `<a id="it" style="${FILLING}" href="2.html" target="lesson">Start the lesson</a>`],
    ["a link with _blank", `<a id="it" style="${FILLING}" href="2.html" target="_blank">Start the lesson</a>`],
    ["a form", `<form action="2.html" target="lesson"><button id="it" style="${FILLING}">Start the lesson</button></form>`],
];

/** @type {import("../stage.js").Story[]} */
export default OPENERS.map(([name, opener]) => ({
    heading: "Presence",
    name: `the lesson in a window that ${name} opened`,
    content: () => linking(opener),
    truthS: 660, // A minute before, nine in the other window with a touch every four, one more in the player.
    take: async (stage) => {
        const opened = stage.popUp();
        const course = await stage.open();
        await course.advance(MINUTE);
        await course.clickContent();
        const window = await opened;
        await course.until("document.visibilityState === 'hidden'");
        assert.deepEqual(await window.evaluate("answers"), ["true"], "it finds the API by its opener");
        for (let n = 1; n <= 2; n++) {
            await course.advance(4 * MINUTE);
            await window.mouse.move(100, 100 + n);
            await course.quiet();
        }
        await course.advance(MINUTE);
        await window.close();
        await course.until("document.visibilityState === 'visible'");
        await course.advance(MINUTE);
        await course.close();
    },
}));
