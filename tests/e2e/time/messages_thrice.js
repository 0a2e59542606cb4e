// @ts-check
// Every message reaches the server three times, and most of them long after newer ones.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "More than one",
    name: "every message three times and out of order",
    content: () => silent("2004"),
    truthS: 600, // Ten minutes with a sign every four, however often they are told.
    take: async (stage) => {
        const course = await stage.open();
        await course.read(`(() => {
            const { fetch } = window;
            window.told = [];
            window.fetch = async (url, request) => {
                const answer = await fetch(url, request);
                // Behind each message the one before it once more.
                if (window.told.length > 0) await fetch(url, { ...request, body: window.told.at(-1) });
                window.told.push(request.body);
                return answer;
            };
        })()`);
        await work(course, 4, 4);
        await course.advance(2 * MINUTE);
        const told = await course.read("window.told");
        assert.ok(told.length > 10, `${told.length} messages`);
        await course.close();
        for (const body of told.reverse()) {
            const answer = await fetch(stage.world.at("/run/v1/commits"), { method: "POST", headers: { "content-type": "application/json" }, body });
            assert.equal(answer.status, 200);
        }
    },
    check: (row) => assert.equal(row.details.length, 1),
};
