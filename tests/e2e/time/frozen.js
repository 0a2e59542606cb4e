// @ts-check
// The browser saves energy: it freezes the tab that is not looked at, for half an hour.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Presence",
    name: "hidden and frozen for 30 minutes",
    content: () => silent("2004"),
    truthS: 600, // Five minutes before and five after.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        await course.hide();
        await course.freeze(true);
        await stage.later(30 * MINUTE);
        await course.wake();
        await course.freeze(false);
        await course.showAgain();
        await work(course, 4);
        await course.advance(MINUTE);
        await course.close();
    },
};
