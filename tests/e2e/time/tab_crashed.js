// @ts-check
// What runs the tab dies; the next visit brings what its last checkpoint knew.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Silence and exits",
    name: "tab crashed",
    content: () => silent("2004"),
    truthS: 143, // Two minutes, a sign, and 23 s: a crash is no sign, but less than the tail had gone by.
    withinS: 6, // What is not written down yet is lost.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 2);
        await course.advance(23 * SECOND);
        await course.crash();
        await stage.later(10 * MINUTE);
        const next = await stage.open();
        await next.close(); // It took no time.
    },
};
