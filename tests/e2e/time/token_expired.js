// @ts-check
// The machine sleeps for so long that the page's token has expired by then.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { HOUR, MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Network",
    name: "token expired during 9 h of sleep",
    content: () => silent("1.2"),
    truthS: 600, // Five minutes to a sign just before the sleep, five from a sign just after the first second awake.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4, 1);
        await course.sleep(9 * HOUR);
        await course.advance(SECOND);
        await course.input();
        await work(course, 4);
        await course.advance(MINUTE);
        assert.equal(await course.read(`document.getElementById("saving").textContent.startsWith("Saved")`), true);
        await course.close();
    },
    check: (row) => assert.equal(row.details.length, 1),
};
