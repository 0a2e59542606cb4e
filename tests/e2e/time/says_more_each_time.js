// @ts-check
// A package that says with each visit what all of them came to.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { finish, parts, say, work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Reports",
    name: "session_time cumulative",
    content: () => silent("1.2"),
    truthS: 900, // Three visits of five minutes; of the second and the third, presence bears out no more.
    take: async (stage) => {
        for (const text of ["00:05:00", "00:10:00", "00:15:00"]) {
            const course = await stage.open();
            await work(course, 4);
            await course.advance(MINUTE);
            await say(course, "cmi.core.session_time", text);
            await finish(course);
            await course.close();
            await stage.later(MINUTE);
        }
    },
    check: (row) => {
        assert.deepEqual(parts(row), Array(3).fill(["Silent", "terminated", 300]));
        assert.deepEqual(row.details.map((it) => it.provenance), ["reported", "measured", "measured"]);
        assert.deepEqual(row.flags, ["completion_assumed", "report_exceeds_presence"]); // It never sets a status.
    },
};
