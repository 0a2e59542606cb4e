// @ts-check
// Very many visits of a minute each: nothing may be lost or won at their seams.

import assert from "node:assert/strict";
import { claiming, silent } from "../packages.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story[]} */
export default [
    {
        heading: "More than one",
        name: "reload every minute for an hour",
        content: () => silent("2004"),
        truthS: 3600, // To load and to leave are signs.
        take: async (stage) => {
            const course = await stage.open();
            for (let n = 1; n < 60; n++) {
                await course.advance(MINUTE);
                await course.reload();
            }
            await course.advance(MINUTE);
            await course.close();
        },
        check: (row) => {
            assert.equal(row.attempts, 1);
            assert.equal(row.details.length, 60);
        },
    },
    {
        heading: "More than one",
        name: "200 one-minute visits that each claim 66 s",
        content: () => claiming("PT1M6S"),
        // Of each alone, 66 s are within the tolerance. Of all together, 12,000 s and 2 % and 5 s once.
        truthS: 12_245,
        take: async (stage) => {
            const course = await stage.open();
            for (let n = 1; n < 200; n++) {
                await course.advance(MINUTE);
                await course.reload();
            }
            await course.advance(MINUTE);
            await course.close();
        },
        check: (row) => {
            assert.equal(row.details.length, 200);
            assert.equal(row.measured_ms, 12_000_000);
        },
    },
];
