// @ts-check
// The network is gone for a while, or until the window is closed.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { HOUR, MINUTE } from "../world.js";

/** @type {import("../stage.js").Story[]} */
export default [
    {
        heading: "Network",
        name: "gone for 20 min and back",
        content: () => silent("2004"),
        truthS: 1800, // Half an hour with a sign every four minutes, twenty of them without a network.
        take: async (stage) => {
            const course = await stage.open();
            await work(course, 4);
            await course.advance(MINUTE);
            await course.loseNetwork(true);
            await course.advance(3 * MINUTE);
            await course.input();
            await work(course, 4, 4, 4, 4);
            await course.advance(MINUTE);
            await course.loseNetwork(false);
            await work(course, 3);
            await course.advance(2 * MINUTE);
            await course.close();
        },
        check: (row) => assert.equal(row.details.length, 1),
    },
    {
        heading: "Network",
        name: "gone, window closed, opened next day, a phone used in between",
        content: () => silent("2004"),
        truthS: 1320, // 15 minutes on the desktop, ten of them without a network; 4 on the phone; 3 on the desktop.
        take: async (stage) => {
            const course = await stage.open();
            await work(course, 4);
            await course.advance(MINUTE);
            await course.loseNetwork(true);
            await course.advance(3 * MINUTE);
            await course.input();
            await work(course, 4);
            await course.advance(3 * MINUTE);
            await course.close();

            await stage.later(HOUR);
            const phone = await stage.open({ on: "phone" });
            await phone.advance(4 * MINUTE);
            await phone.close();

            await stage.later(20 * HOUR);
            const next = await stage.open();
            await next.advance(3 * MINUTE);
            await next.close();
        },
        check: (row) => {
            assert.equal(row.details.length, 3);
            assert.equal(row.attempts, 1);
        },
    },
    {
        heading: "Network",
        name: "gone as soon as it was opened, window closed, opened next day",
        content: () => silent("1.2"),
        // Ten minutes that no message told of while they went by: the wall clock says when they were. And three.
        truthS: 780,
        take: async (stage) => {
            const course = await stage.open();
            await course.loseNetwork(true);
            await work(course, 4, 4);
            await course.advance(2 * MINUTE);
            await course.close();
            await stage.later(20 * HOUR);
            const next = await stage.open();
            await next.advance(3 * MINUTE);
            await next.close();
        },
        check: (row) => assert.equal(row.details.length, 2),
    },
];
