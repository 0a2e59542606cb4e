// @ts-check
// An alert box stands open for ten seconds, in which nothing of the page runs.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Presence",
    name: "alert box open 10 s",
    content: () => silent("1.2"),
    truthS: 300, // Four minutes, ten seconds, fifty seconds: the learner reads the box.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        const asked = new Promise((resolve) => course.page.once("dialog", resolve));
        const said = course.inContent(`alert("Are you still reading?")`);
        const box = await asked;
        await stage.later(10 * SECOND);
        await box.accept();
        await said;
        await course.wake();
        await course.advance(50 * SECOND);
        await course.close();
    },
};
