// @ts-check
// Content ends itself, and the learner stays for four minutes with what the player shows.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { finish, parts, work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Silence and exits",
    name: "Terminate, then four minutes on the menu",
    content: () => silent("2004"),
    truthS: 540, // Five minutes of content, four of the attempt outside every session.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        await finish(course);
        await work(course, 2);
        await course.advance(2 * MINUTE);
        await course.close();
    },
    check: (row) => assert.deepEqual(parts(row), [["Silent", "terminated", 300], ["outside", "outside", 240]]),
};
