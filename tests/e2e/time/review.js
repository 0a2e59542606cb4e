// @ts-check
// Looked at once more, for two hours, with nothing to win.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Reports",
    name: "review mode two hours",
    content: () => silent("1.2"),
    truthS: 300, // The five minutes before it: review is shown, and never credited.
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        await course.advance(MINUTE);
        await course.close();
        const review = await stage.open({ mode: "review" });
        await work(review, ...Array(30).fill(4));
        await review.close();
    },
    check: (row) => {
        assert.equal(row.attempts, 1);
        const [, review] = [...row.details].sort((one, other) => one.measured_ms - other.measured_ms);
        assert.deepEqual([review.measured_ms, review.credited_ms], [7_200_000, 0]);
    },
};
