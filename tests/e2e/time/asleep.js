// @ts-check
// The machine sleeps for eight hours, with either kind of monotonic clock.

import assert from "node:assert/strict";
import { silent, wallClock } from "../packages.js";
import { work } from "../stage.js";
import { HOUR, MINUTE, SECOND } from "../world.js";

/** @typedef {import("../stage.js").Stage} Stage */

/** Five minutes, eight hours of sleep, and five minutes. @param {Stage} stage @param {"both-jump" | "date-jumps"} clocks */
async function take(stage, clocks) {
    const course = await stage.open();
    await work(course, 4);
    await course.advance(MINUTE);
    await course.sleep(8 * HOUR, clocks);
    await course.advance(SECOND); // The first second awake: the clocks tell what happened.
    await course.input();
    await work(course, 4);
    await course.advance(MINUTE);
    await course.close();
}

export default /** @type {import("../stage.js").Story[]} */ (/** @type {const} */ ([
    ["both-jump", "1.2", "a monotonic clock that runs on"],
    ["date-jumps", "2004", "a monotonic clock that sleeps too"],
]).flatMap(([clocks, version, name]) => [
    {
        heading: "Clocks",
        name: `asleep 8 h, with ${name}`,
        content: () => silent(version),
        truthS: 570, // 240 to the last sign before the sleep, which earns 30, and 300 from the first sign after it.
        take: (stage) => take(stage, clocks),
    },
    {
        heading: "Reports",
        name: `wall clock (${version}), lid shut for 8 h, with ${name}`,
        content: () => wallClock(version),
        truthS: 570, // What was seen, as above: what the package says is more than presence bears out.
        take: (stage) => take(stage, clocks),
        check: (row) => {
            assert.equal(row.reported_ms, 29_401 * SECOND); // 300 + 28,800 + 1 + 300 s.
            assert.equal(row.provenance, "measured");
            assert.deepEqual(row.flags, ["completion_assumed", "report_exceeds_presence"]);
            assert.deepEqual(row.details.map((it) => it.state), ["terminated"]);
        },
    },
]));
