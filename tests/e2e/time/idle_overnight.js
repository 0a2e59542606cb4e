// @ts-check
// Visible on an empty desk, all night.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { HOUR, MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Presence",
    name: "idle overnight",
    content: () => silent("1.2"),
    truthS: 510, // Four minutes, 30 s behind the last sign of the evening, four minutes in the morning.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await work(course, 9 * HOUR / MINUTE);
        await course.advance(4 * MINUTE);
        await course.close();
    },
};
