// @ts-check
// The stories of time, and beside each what scorm-again made of it: in the same page, under the same clock.

import { Stage } from "../e2e/stage.js";
import { stories } from "../e2e/stories.js";
import { ROOT } from "../e2e/testbed.js";
import { SECOND, World } from "../e2e/world.js";
import { ExitBrowser } from "../e2e/exit_browser.js";
import { chart } from "./time_chart.js";
import { Sink, peer } from "./time_peer.js";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const TWO = "two windows are open at once: what is kept of both is up to the LMS, not to the run-time";
const OURS = "its fault is done to our messages";
const OFFLINE = "the window is closed without a network: its README calls support for that still under development";

/** In which it takes no part, and why. @type {Record<string, string>} */
const ALONE = {
    "no API call at all": "it is never called",
    "server restarted": "its server is a sink that never dies",
    "first request takes 40 s": OURS,
    "two tabs of one topic": TWO,
    "tab duplicated": TWO,
    "desktop and phone overlapping by 10 min": TWO,
    "desktop without a network and phone overlapping by 10 min": TWO,
    "two topics at once (learner's total)": TWO,
    "every message three times and out of order": OURS,
    "exit message overtaken by the next visit": OURS,
    "gone, window closed, opened next day, a phone used in between": OFFLINE,
    "gone as soon as it was opened, window closed, opened next day": OFFLINE,
    "review mode two hours": "whether a review counts is up to the LMS",
};

const WANTED = process.env.SEATTIME_STORY ?? "";
const OUT = `${ROOT}/target/xtask/time-peer`;

/** @typedef {{ heading: string, name: string, truthS: number, oursS: number, peerS: number | string }} Line */

const { version } = JSON.parse(readFileSync(`${ROOT}/node_modules/scorm-again/package.json`, "utf8"));
console.log(`bench time: Seattime beside scorm-again ${version}, selfReportSessionTime on`);
const all = await stories();
const unknown = Object.keys(ALONE).filter((name) => !all.some((it) => it.name === name));
if (unknown.length > 0) throw new Error(`no such story: ${unknown.join("; ")}`);

const sink = await Sink.open();
const world = await World.begin();
const firefox = new ExitBrowser("firefox", "unused");
/** @type {Line[]} */
const lines = [];
let wrong = 0;
const script = peer(sink.url);
try {
    for (const story of all.filter((it) => `${it.heading}: ${it.name}`.includes(WANTED))) {
        const alone = ALONE[story.name];
        world.onTab = alone ? undefined : async (page) => {
            await page.setBypassCSP(true); // So that its commits may go to the sink.
            await page.evaluateOnNewDocument(script);
        };
        const stage = new Stage(world, story, "chrome", firefox);
        try {
            await stage.begin();
            await story.take(stage);
            const { ours } = await stage.result();
            if (!stage.isNear(ours)) wrong++;
            const peerS = alone ?? Math.round(10 * (await sink.total())) / 10;
            const line = { heading: story.heading, name: story.name, truthS: story.truthS, oursS: ours / SECOND, peerS };
            lines.push(line);
            console.log(`  ${line.name}: truth ${line.truthS}, ours ${line.oursS.toFixed(1)}, scorm-again ${peerS}`);
        } finally {
            await stage.end();
        }
    }
} finally {
    await world.end();
    sink.close();
}

const signed = (/** @type {number} */ s) => `${s > 0 ? "+" : ""}${s.toFixed(1)}`.replace(/^[-+]?0\.0$/, "0.0");
const both = lines.filter((it) => typeof it.peerS === "number");
const table = [
    "| heading | story | truth, s | ours, s | error, s | scorm-again, s | its error, s |",
    "|---|---|---|---|---|---|---|",
    ...both.map((it) => {
        const peerS = Number(it.peerS);
        return `| ${it.heading} | ${it.name} | ${it.truthS} | ${it.oursS.toFixed(1)} | ${signed(it.oursS - it.truthS)} | ${peerS.toFixed(1)} | ${signed(peerS - it.truthS)} |`;
    }),
    "",
    ...lines.filter((it) => typeof it.peerS === "string").map((it) => `- ${it.name}: ${it.peerS}.`),
];
mkdirSync(OUT, { recursive: true });
writeFileSync(`${OUT}/table.md`, `${table.join("\n")}\n`);
const drawn = both.map((it) => ({ ...it, peerS: Number(it.peerS) }))
    .filter((it) => Math.max(Math.abs(it.oursS - it.truthS), Math.abs(it.peerS - it.truthS)) > 1);
writeFileSync(`${OUT}/chart.svg`, chart(drawn, `scorm-again ${version}`));
console.log(table.join("\n"));
// Six seconds, as where a tab crashes, for all alike.
const within = (/** @type {(it: Line) => number} */ of) => both.filter((it) => Math.abs(of(it) - it.truthS) <= 6).length;
console.log(`within 6 s of the truth, of ${both.length} stories: ours ${within((it) => it.oursS)}, scorm-again ${within((it) => Number(it.peerS))}`);
console.log(`bench time: ${OUT}/table.md and chart.svg`);
console.log(wrong === 0 ? "bench time: every figure of ours is where it should be" : `bench time: ${wrong} figures of ours are not where they should be`);
process.exitCode = wrong === 0 ? 0 : 1;
