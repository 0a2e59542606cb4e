// @ts-check
// A course gets rules of its own: for what is opened from then on, and for what is kept once that is judged anew.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Reports",
    name: "course judged otherwise than its server",
    course: "Rules of its own",
    content: () => silent("2004"),
    // Two visits with signs at 0:00, 4:00 and 6:00, closed at 6:00. Within the course's idle limit of 3 min the first four
    // minutes of each earn its tail of 20 s, and the next two are whole.
    truthS: 280,
    take: async (stage) => {
        const visit = async () => {
            const course = await stage.open();
            await work(course, 4, 2);
            await course.close();
            return stage.world.closedRow(stage.learner);
        };
        assert.equal((await visit()).time_spent, "0h 6m 0s", "by the server's rules");
        const settings = JSON.stringify({ idle_limit_ms: 3 * MINUTE, tail_ms: 20_000 });
        const headers = { "content-type": "application/json", "if-match": "*" };
        await stage.world.api("/api/v1/courses/Rules%20of%20its%20own", { method: "PUT", body: settings, headers });
        await stage.later(MINUTE);
        assert.equal((await visit()).time_spent, "0h 8m 20s", "6 min as before, and 2 min 20 s by the course's rules");
        await stage.world.order(`recompute corroborated 300 30 ${stage.learner}`);
    },
    check: (row) => assert.equal(row.provenance, "measured"),
};
