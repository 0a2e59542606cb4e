// @ts-check
// The tab is duplicated: the new one begins with what the old one keeps for itself.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "More than one",
    name: "tab duplicated",
    content: () => silent("2004"),
    truthS: 600, // Five minutes in the first tab, which is hidden then, and five in its double.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        const kept = await course.read("JSON.stringify(sessionStorage)");
        const double = await stage.double(course, kept);
        await work(double, 4);
        await double.advance(MINUTE);
        await double.close();
        await course.close();
    },
    check: (row) => {
        assert.equal(row.attempts, 1);
        assert.equal(row.details.length, 2, "each tab is a visit");
    },
};
