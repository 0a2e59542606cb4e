// @ts-check
// A package that says nothing, in a window that is closed.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Silence and exits",
    name: "silent package, window closed",
    browsers: ["chrome", "firefox"],
    content: () => silent("1.2"),
    truthS: 300, // Five minutes; no gap between two signs is longer than that, and closing is one.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        await course.close();
    },
};
