// @ts-check
// Another tab is in front for half an hour.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Presence",
    name: "hidden for 30 minutes",
    content: () => silent("1.2"),
    truthS: 600, // Five minutes before and five after; what is not visible does not count.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        await course.hide();
        await course.advance(30 * MINUTE);
        await course.showAgain();
        await work(course, 4);
        await course.advance(MINUTE);
        await course.close();
    },
};
