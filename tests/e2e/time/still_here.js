// @ts-check
// A course that asks whether the learner is still there.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { MINUTE, SECOND } from "../world.js";

/** The course of this name asks. */
const ASKING = "Still here?";

/** @param {import("../course.js").Course} course @returns {Promise<{ question: string, canAnswer: boolean, time: string, covers: boolean }>} */
const shown = (course) => course.read(`(() => {
    const answer = document.getElementById("answer");
    const [own, content] = [document.getElementById("asking"), document.getElementById("content")].map((it) => it.getBoundingClientRect());
    return {
        question: document.getElementById("question").textContent,
        canAnswer: answer.checkVisibility() && answer.tabIndex === 0,
        time: document.getElementById("time").textContent,
        covers: own.top < content.bottom && own.bottom > content.top,
    };
})()`);

/** @type {import("../stage.js").Story[]} */
export default [
    {
        heading: "Presence",
        course: ASKING,
        name: "asked whether one is still there, and answered",
        content: () => silent("2004"),
        truthS: 600, // Two minutes, four and a half up to the answer, three and a half: no gap is over five.
        take: async (stage) => {
            const course = await stage.open();
            await course.advance(2 * MINUTE);
            await course.input();
            await course.advance(4 * MINUTE - 5 * SECOND);
            assert.equal((await shown(course)).question, "", "not before it is due");
            await course.advance(35 * SECOND);
            const asked = await shown(course);
            assert.match(asked.question, /^Still here\?/);
            assert.deepEqual([asked.canAnswer, asked.covers], [true, false]);
            assert.equal(await course.read(`document.getElementById("question").role`), "alert");
            await course.click("I am still here");
            await course.advance(2 * SECOND);
            assert.deepEqual((({ question, canAnswer }) => ({ question, canAnswer }))(await shown(course)), { question: "", canAnswer: false });
            await course.advance(3 * MINUTE + 28 * SECOND);
            await course.close();
        },
    },
    {
        heading: "Presence",
        course: ASKING,
        name: "asked whether one is still there, and gone",
        content: () => silent("2004"),
        truthS: 150, // Two minutes, and the half minute behind the last sign.
        take: async (stage) => {
            const course = await stage.open();
            await course.advance(2 * MINUTE);
            await course.input();
            await course.advance(4 * MINUTE + 30 * SECOND);
            assert.match((await shown(course)).question, /^Still here\?/);
            await course.advance(40 * SECOND);
            const late = await shown(course);
            assert.deepEqual([late.question, late.canAnswer], ["", false], "it is not asked when nothing can be won");
            assert.match(late.time, /not counting: no sign of you for 5 minutes/);
            await course.advance(20 * MINUTE);
            await course.close();
        },
    },
    {
        heading: "Presence",
        course: ASKING,
        name: "asked whether one is still there, and reading on",
        content: () => silent("2004"),
        truthS: 480, // Four and a half minutes, then any sign will do: three and a half more.
        take: async (stage) => {
            const course = await stage.open();
            await course.advance(4 * MINUTE + 30 * SECOND);
            assert.match((await shown(course)).question, /^Still here\?/);
            await course.input();
            await course.advance(2 * SECOND);
            assert.equal((await shown(course)).question, "");
            await course.advance(3 * MINUTE + 28 * SECOND);
            await course.close();
        },
    },
];
