// @ts-check
// A dialog stands open, in which nothing of the page runs: the learner reads it.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { HOUR, MINUTE, SECOND } from "../world.js";

/**
 * @typedef {object} Dialog
 * @property {string} name
 * @property {string} call
 * @property {string | boolean | undefined} answer What content gets.
 * @property {number} openMs
 * @property {number} truthS
 */

/** @type {Dialog[]} */
const DIALOGS = [
    // Four minutes, ten seconds, fifty seconds.
    { name: "alert box open 10 s", call: `alert("Are you still reading?")`, answer: undefined, openMs: 10 * SECOND, truthS: 300 },
    { name: "alert box open 30 s", call: `alert("Correct! Read this.")`, answer: undefined, openMs: 30 * SECOND, truthS: 320 },
    { name: "question open 4 minutes", call: `confirm("Are you sure?")`, answer: true, openMs: 4 * MINUTE, truthS: 530 },
    { name: "prompt open 2 minutes", call: `prompt("Your name?", "Ann")`, answer: "Ann", openMs: 2 * MINUTE, truthS: 410 },
    // Of the night, the half minute counts that any silence earns.
    { name: "alert box open overnight", call: `alert("Are you still reading?")`, answer: undefined, openMs: 10 * HOUR, truthS: 240 + 30 + 50 },
];

/** @type {import("../stage.js").Story[]} */
export default DIALOGS.map(({ name, call, answer, openMs, truthS }) => ({
    heading: "Presence",
    name,
    content: () => silent("1.2"),
    truthS,
    take: async (stage) => {
        const course = await stage.open();
        await work(course, 4);
        const asked = new Promise((resolve) => course.page.once("dialog", resolve));
        const said = course.inContent(`[${call}]`);
        const box = await asked;
        await stage.later(openMs);
        await box.accept(typeof answer === "string" ? answer : undefined);
        assert.deepEqual(await said, [answer ?? null]);
        await course.wake();
        await course.input(); // The learner goes on.
        await course.advance(50 * SECOND);
        await course.close();
    },
}));
