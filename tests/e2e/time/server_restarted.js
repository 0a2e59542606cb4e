// @ts-check
// The server dies under an open page, and comes back two minutes later.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Clocks",
    name: "server restarted",
    content: () => silent("2004"),
    truthS: 600, // Ten minutes with a sign every four: the learner noticed nothing.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await stage.world.kill();
        await course.advance(2 * MINUTE);
        await stage.world.restart();
        await course.advance(MINUTE);
        await course.input();
        await course.advance(3 * MINUTE);
        await course.close();
    },
};
