// @ts-check
// One topic in two windows, side by side, on one machine or on two.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE } from "../world.js";

/** @typedef {import("../course.js").Course} Course */
/** @typedef {import("../stage.js").Stage} Stage */

/** Both at once, with a touch of both after each of so many minutes. @param {Stage} stage @param {Course[]} courses @param {number[]} minutes */
async function both(stage, courses, ...minutes) {
    for (const it of minutes) {
        await stage.world.advance(it * MINUTE, ...courses);
        for (const course of courses) await course.input();
    }
}

/** What the story's learner comes to, over all topics. @param {Stage} stage */
async function total(stage) {
    return (await stage.world.api(`/api/v1/report?learner=${encodeURIComponent(stage.learner)}`)).totals[0];
}

/** @type {import("../stage.js").Story[]} */
export default [
    {
        heading: "More than one",
        name: "two tabs of one topic",
        content: () => silent("2004"),
        truthS: 600, // Ten minutes of one person: the five that both windows saw count once.
        take: async (stage) => {
            const first = await stage.open();
            await work(first, 4, 1);
            const second = await stage.open({ isWindow: true });
            await both(stage, [first, second], 4, 1);
            await first.close();
            await second.close();
        },
        check: (row) => assert.equal(row.attempts, 1),
    },
    {
        heading: "More than one",
        name: "desktop and phone overlapping by 10 min",
        content: () => silent("1.2"),
        truthS: 1800, // From the desktop's opening to the phone's closing, with a sign at least every five minutes.
        take: async (stage) => {
            const desktop = await stage.open();
            await work(desktop, 4, 4, 2);
            const phone = await stage.open({ on: "phone" });
            await both(stage, [desktop, phone], 5, 5);
            await desktop.close();
            await work(phone, 5);
            await phone.advance(5 * MINUTE);
            await phone.close();
        },
        check: (row) => assert.equal(row.attempts, 1),
    },
    {
        heading: "More than one",
        name: "desktop without a network and phone overlapping by 10 min",
        content: () => silent("1.2"),
        // As above. Nothing tells the desktop that the phone went on; what it saw is told when it is back.
        truthS: 1800,
        take: async (stage) => {
            const desktop = await stage.open();
            await work(desktop, 4, 4);
            await desktop.loseNetwork(true);
            await work(desktop, 2);
            const phone = await stage.open({ on: "phone" });
            await both(stage, [desktop, phone], 5, 5);
            await both(stage, [desktop, phone], 5);
            await desktop.loseNetwork(false);
            await stage.world.advance(5 * MINUTE, desktop, phone);
            await phone.close();
            await desktop.close();
        },
        check: (row) => {
            const [desktop, phone] = row.details.map((it) => it.measured_ms);
            assert.ok(desktop > 20 * MINUTE && phone === 20 * MINUTE, `${desktop} and ${phone}`);
        },
    },
    {
        heading: "More than one",
        name: "two topics at once (learner's total)",
        content: () => silent("2004", "One"),
        // Each was open for ten minutes; for five of them both were.
        truthS: 900,
        take: async (stage) => {
            const other = await stage.world.importPackage(await silent("2004", "Other"), "More than one");
            const first = await stage.open();
            await work(first, 4);
            await first.advance(MINUTE);
            const second = await stage.open({ topic: other, isWindow: true });
            await both(stage, [first, second], 4, 1);
            await first.close();
            await work(second, 4);
            await second.advance(MINUTE);
            await second.close();
        },
        ours: async (stage) => (await total(stage)).credited_ms,
        check: async (_, stage) => {
            const rows = await stage.rows();
            assert.deepEqual(rows.map((it) => it.topic).sort(), ["One", "Other"]);
            for (const it of rows) assert.equal(it.time_spent, "0h 10m 0s", it.topic);
            const learner = await total(stage);
            const [course] = learner.courses;
            // Both topics for ten minutes each: the parts add up to more than the whole, by what they share.
            const figures = [course.parts_ms, course.shared_ms, learner.corroborated_ms].map((ms) => Math.round(ms / MINUTE));
            assert.deepEqual(figures, [20, 5, 15]);
            assert.deepEqual([learner.courses.length, course.course, course.topics], [1, "More than one", 2]);
            assert.equal(course.time_spent, learner.time_spent);
        },
    },
];
