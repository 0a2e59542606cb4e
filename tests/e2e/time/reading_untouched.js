// @ts-check
// Long pages, read with the hands in the lap.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Presence",
    name: "reading 4 min without a touch",
    content: () => silent("2004"),
    truthS: 480, // Twice four minutes: no gap between two signs is over five.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(4 * MINUTE);
        await course.close();
    },
};
