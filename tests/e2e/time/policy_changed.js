// @ts-check
// The idle limit is changed, and what is kept is judged by the new one.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Reports",
    name: "policy changed and recomputed",
    content: () => silent("2004"),
    // Signs at 0:00, 4:00 and 6:00, closed at 6:00. Within an idle limit of 3 min the first four minutes earn the tail
    // of 20 s, and the next two are whole.
    truthS: 140,
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4, 2);
        await course.close();
        const row = await stage.world.closedRow(stage.learner);
        assert.equal(row.time_spent, "0h 6m 0s", "by the policy that it was opened under");
        await stage.world.order(`recompute corroborated 180 20 ${stage.learner}`);
    },
    check: (row) => assert.equal(row.provenance, "measured"),
};
