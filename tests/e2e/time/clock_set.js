// @ts-check
// Somebody sets the machine's clock back by nine hours, and later forward again.

import { silent } from "../packages.js";
import { work } from "../stage.js";
import { HOUR, MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Clocks",
    name: "clock set back 9 h and forward",
    content: () => silent("2004"),
    // Ten minutes with signs all along. Each setting costs the second in which it is noticed: there the stretch ends
    // at its last good sample, and the next begins.
    truthS: 598,
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4, 1);
        await course.setClock(-9 * HOUR);
        await course.advance(SECOND);
        await course.input();
        await course.advance(4 * MINUTE - SECOND);
        await course.input();
        await course.setClock(9 * HOUR);
        await course.advance(SECOND);
        await course.input();
        await course.advance(MINUTE - SECOND);
        await course.close();
    },
};
