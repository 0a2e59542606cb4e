// @ts-check
// The content frame is loaded anew within the visit: a session ends without a word, another begins.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { parts, work } from "../stage.js";
import { MINUTE } from "../world.js";

export default /** @type {import("../stage.js").Story[]} */ (/** @type {const} */ (["1.2", "2004"]).map((version) => ({
    heading: "Silence and exits",
    name: `frame (${version}) reloaded inside the visit`,
    content: () => silent(version),
    truthS: 300, // Two minutes before, three after; nothing of it is longer than five without a sign.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 2);
        await course.inContent("window.isReady = false; location.reload()");
        await course.until("frames[0].isReady === true");
        assert.equal(await course.inContent("answers.join()"), "true");
        assert.equal(await course.inContent(`call("GetLastError")`), "0");
        // The frame's clock goes on where the page's stands.
        assert.equal(await course.inContent("Date.now()"), await course.read("Date.now()"));
        await course.advance(3 * MINUTE);
        await course.close();
    },
    check: (row) => {
        assert.deepEqual(parts(row), [["Silent", "implicit", 120], ["Silent", "left", 180]]);
        assert.equal(row.attempts, 1);
    },
})));
