// @ts-check
// The learner goes on to another page, and comes back with the browser's arrow: the player was only put aside.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { parts, work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Presence",
    name: "back-forward cache, there and back",
    content: () => silent("2004"),
    truthS: 540, // Five minutes, ten elsewhere, four minutes: to go and to come back are signs.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        await course.read("void (window.wasThere = true)");
        await course.page.goto(`${stage.world.url}/reports/my-learning`);
        await course.advance(10 * MINUTE);
        await course.read(`localStorage.setItem("test-now", testWorld.nowMs)`);
        await course.page.goBack();
        assert.equal(await course.read("window.wasThere"), true, "it was loaded anew");
        await course.advance(4 * MINUTE);
        await course.close();
    },
    check: (row) => assert.deepEqual(parts(row), [["Silent", "left", 540]]),
};
