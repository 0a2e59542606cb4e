// @ts-check
// Content that is busy all night while nobody is there.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { HOUR } from "../world.js";

const NIGHT_MS = 8 * HOUR;

export default /** @type {import("../stage.js").Story[]} */ ([
    {
        name: "autosave every 5 s all night",
        begin: `window.saved = 0; setInterval(() => {
            saved += call("SetValue", "cmi.location", "page-" + saved) === "true" && call("Commit") === "true";
        }, 5000)`,
        done: "saved",
        leastTimes: 5_700, // Every five seconds of eight hours are 5,760.
    },
    {
        name: "carousel that scrolls by itself all night",
        begin: `document.body.insertAdjacentHTML("beforeend", '<p tabindex="0" style="height: 400vh">Picture after picture</p>');
            window.turned = 0; window.heard = 0;
            addEventListener("scroll", (event) => heard += event.isTrusted);
            setInterval(() => {
                scrollTo(0, (turned % 3) * 300);
                document.querySelector("[tabindex]").focus();
                getSelection().selectAllChildren(document.body);
                turned++;
            }, 5000)`,
        done: "heard > 50 ? turned : heard", // Of its own scrolling the browser tells once a frame.
        leastTimes: 5_700,
    },
].map(({ name, begin, done, leastTimes }) => ({
    heading: "Presence",
    name,
    content: () => silent("2004"),
    truthS: 270, // Four minutes, and 30 s behind the last sign: what content does by itself is none.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.inContent(begin);
        await course.advance(NIGHT_MS);
        const times = await course.inContent(done);
        assert.ok(times >= leastTimes, `${times} times`);
        await course.close();
    },
})));
