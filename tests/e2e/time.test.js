// @ts-check
// Stories whose truth is known, each a file in time/: what the learner did, and what that comes to in seconds.
//
// At the end stands a table: story, truth, ours, error; it is also written to target/xtask/time-stories.md.
// SEATTIME_STORY=text takes only the stories with that in their names.
//
// A story is nights of seconds, page and server in turns, and uses no more than one core: so several are told side by
// side, each with a server, browsers and a clock of its own.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { ExitBrowser } from "./exit_browser.js";
import { Lanes, SIDE_BY_SIDE } from "./lanes.js";
import { Stage } from "./stage.js";
import { stories } from "./stories.js";
import { ROOT } from "./testbed.js";
import { HOUR, SECOND, World } from "./world.js";

const OUT = join(ROOT, "target/xtask/time-stories.md");
const WANTED = process.env.SEATTIME_STORY ?? "";

const folder = mkdtempSync(join(tmpdir(), "seattime-stories-"));
const lanes = new Lanes(async (n) => ({
    world: await World.begin(),
    firefox: new ExitBrowser("firefox", join(folder, `firefox-${n}`)),
}));
/** @type {{ at: number, stage: Stage, ours: number, seconds: number }[]} `at`: its place among the stories. */
const told = [];

after(async () => {
    const table = lines();
    mkdirSync(join(ROOT, "target/xtask"), { recursive: true });
    writeFileSync(OUT, `${table.join("\n")}\n`);
    for (const line of table) console.log(line);
    for (const { world, firefox } of lanes.all) {
        await firefox.close();
        await world.end();
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const all = (await stories()).flatMap((story) => (story.browsers ?? [/** @type {const} */ ("chrome")]).map((browser) => {
    const title = `${story.heading}: ${story.name}${browser === "firefox" ? " (Firefox)" : ""}`;
    return { story, browser, title };
}));

describe("stories", SIDE_BY_SIDE, () => {
    for (const [at, { story, browser, title }] of all.entries()) {
        if (!title.includes(WANTED)) continue;
        test(`${title}: ${story.truthS} s`, () => lanes.on(async ({ world, firefox }) => {
            const began = performance.now();
            const stage = new Stage(world, story, browser, firefox);
            try {
                await stage.begin();
                await story.take(stage);
                const { ours, row, wrong } = await stage.result();
                told.push({ at, stage, ours, seconds: (performance.now() - began) / SECOND });
                assert.ok(stage.isNear(ours), `credited ${ours} ms; ${JSON.stringify(row, null, 1)}`);
                if (wrong) throw wrong;
                assert.deepEqual(stage.courses.flatMap((it) => it.failures), []);
            } finally {
                await stage.end();
            }
        }));
    }
});

test("every story that names a film played for real names one that there is", async () => {
    const played = readFileSync(join(ROOT, "tests/e2e/media.test.js"), "utf8");
    for (const { story: { name, twin } } of all) {
        if (twin) assert.ok(played.includes(`name: ${JSON.stringify(twin)}`), `${name}: ${twin}`);
    }
});

test("hours later, every story still says the same", async () => {
    // What was silent is closed by then, and every row is derived anew from what is stored.
    for (const { world } of lanes.all) await world.serverTo(world.nowMs + 2 * HOUR);
    for (const { stage, ours } of told) {
        const [row] = await stage.rows();
        const now = stage.story.ours ? await stage.story.ours(stage) : row.time_spent_ms;
        assert.equal(now, ours, stage.learner);
    }
});

/** The table. */
function lines() {
    const seconds = (/** @type {number} */ ms) => (ms / SECOND).toFixed(1);
    const rows = told.toSorted((one, other) => one.at - other.at).map(({ stage: { story, learner }, ours, seconds: took }) => {
        const twin = story.twin ?? "";
        const error = `${seconds(ours - story.truthS * SECOND)}${story.fault ? ` (${story.fault.because})` : ""}`;
        return `| ${story.heading} | ${learner} | ${story.truthS} | ${seconds(ours)} | ${error} | ${twin} | ${took.toFixed(0)} |`;
    });
    return ["| heading | story | truth, s | ours, s | error, s | short, played for real | took, s |", "|---|---|---|---|---|---|---|", ...rows];
}
