// @ts-check
// Suspended and resumed over three visits: what each is told of the time before it.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { finish, parts, say, work } from "../stage.js";
import { MINUTE } from "../world.js";

/** Total time as a package reads it, and what it says of the session. @type {[number, string | undefined][]} */
const VISITS = [
    [0, "PT4M50S"],
    [290, undefined], // What it said.
    [590, "PT5M"], // It said nothing: what was measured.
];

/** @type {import("../stage.js").Story} */
export default {
    heading: "Reports",
    name: "suspend and resume over three visits (cmi.total_time)",
    content: () => silent("2004"),
    truthS: 890, // 290 as it said, 300 as it was seen, 300 as it said.
    take: async (stage) => {
        for (const [totalS, text] of VISITS) {
            const course = await stage.open();
            assert.equal(seconds(await course.inContent(`call("GetValue", "cmi.total_time")`)), totalS);
            await work(course, 4);
            await course.advance(MINUTE);
            if (text) await say(course, "cmi.session_time", text);
            assert.equal(seconds(await course.inContent(`call("GetValue", "cmi.total_time")`)), totalS, "constant within a session");
            await say(course, "cmi.exit", "suspend");
            await finish(course);
            await course.close();
            await stage.later(MINUTE);
        }
    },
    check: (row) => {
        assert.deepEqual(parts(row), [290, 300, 300].map((it) => ["Silent", "terminated", it]));
        assert.equal(row.attempts, 1);
    },
};

/** @param {string} text A time interval of SCORM 2004. */
function seconds(text) {
    const [, hours = "0", minutes = "0", rest = "0"] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(text) ?? [];
    assert.notEqual(text, "");
    return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}
