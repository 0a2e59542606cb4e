// @ts-check
// A package that counts by the wall clock, left open overnight.

import assert from "node:assert/strict";
import { wallClock } from "../packages.js";
import { work } from "../stage.js";
import { HOUR, MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Reports",
    name: "session_time by the wall clock overnight",
    content: () => wallClock("2004"),
    truthS: 510, // Four minutes, 30 s behind the last sign of the evening, four minutes in the morning.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await work(course, 9 * HOUR / MINUTE);
        await course.advance(4 * MINUTE);
        await course.close();
    },
    check: (row) => {
        assert.equal(row.reported_ms, 32_880 * SECOND); // 240 + 32,400 + 240 s.
        assert.equal(row.provenance, "measured");
        assert.deepEqual(row.flags, ["completion_assumed", "report_exceeds_presence"]);
    },
};
