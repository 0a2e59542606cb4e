// @ts-check
// The browser dies; the next visit, in the same profile, brings what was written down.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Silence and exits",
    name: "browser killed",
    content: () => silent("2004"),
    truthS: 143, // As in a tab that crashes: two minutes, a sign, and 23 s within its tail.
    withinS: 6, // What is not written down yet is lost.
    take: async (stage) => {
        const browser = stage.ownBrowser("desktop");
        const course = await stage.open();
        await work(course, 2);
        await course.advance(23 * SECOND);
        await browser.kill();
        await stage.later(10 * MINUTE);
        const next = await stage.open();
        await next.close();
    },
};
