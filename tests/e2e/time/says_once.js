// @ts-check
// What a package says of its time on its way out, in ten minutes with a sign every four.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { finish, say, work } from "../stage.js";
import { MINUTE } from "../world.js";

const FLAG = "report_exceeds_presence";

export default /** @type {import("../stage.js").Story[]} */ (/** @type {const} */ ([
    // name                         version  what it says           taken?    truth  provenance  state        flags
    // A package that begins to count ten seconds after it was opened: what it says is what counts.
    ["session_time honest",         "2004", "PT9M50S",             "true",   590,  "reported", "set",       []],
    ["session_time zero",           "1.2",  "00:00:00",            "true",   600,  "measured", "zero",      []],
    ["session_time malformed",      "2004", "about ten minutes",   "false",  600,  "measured", "malformed", []],
    ["session_time twice the presence", "1.2", "00:20:00",         "true",   600,  "measured", "set",       [FLAG]],
]).map(([name, version, text, answer, truthS, provenance, state, flags]) => ({
    heading: "Reports",
    name,
    content: () => silent(version),
    truthS,
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4, 4);
        await course.advance(2 * MINUTE);
        await say(course, version === "1.2" ? "cmi.core.session_time" : "cmi.session_time", text, answer);
        await finish(course);
        await course.close();
    },
    check: (row) => {
        assert.equal(row.provenance, provenance);
        // The package finishes and never sets a status.
        assert.deepEqual(row.flags, ["completion_assumed", ...flags]);
        assert.deepEqual(row.details.map((it) => it.reported_state), [state]);
        assert.equal(row.measured_ms, 600_000);
    },
})));
