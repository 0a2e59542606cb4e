// @ts-check
// A package that says its time at its twelfth minute, and is killed at its twenty-second.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { say, work } from "../stage.js";
import { MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Reports",
    name: "session_time last set at minute 12, killed at 22",
    content: () => silent("2004"),
    truthS: 1310, // The 710 s that it said, and the ten minutes that were seen after it said so.
    withinS: 6, // What is not written down yet is lost.
    take: async (stage) => {
        const browser = stage.ownBrowser("desktop");
        const course = await stage.open();
        await work(course, 4, 4, 4);
        await say(course, "cmi.session_time", "PT11M50S");
        await work(course, 4, 4);
        await course.advance(100 * SECOND);
        await course.input();
        await course.advance(20 * SECOND);
        await browser.kill();
        await stage.later(10 * MINUTE);
        const next = await stage.open();
        await next.close();
    },
    check: (row) => {
        assert.equal(row.details[0].reported_ms, 710_000);
        assert.equal(row.details[0].provenance, "reported");
    },
};
