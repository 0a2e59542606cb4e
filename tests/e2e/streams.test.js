// @ts-check
// Video topics that come in pieces (HLS), on another host, played for real: by the browser, and by hls.js where the
// browser would not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Lanes, SIDE_BY_SIDE } from "./lanes.js";
import { ENDED, IT, READY, inFrame, look, position, reached, words } from "./medium.js";
import { RealTime, near } from "./real_time.js";
import { ROOT } from "./testbed.js";

const FILM_S = 6;
const FOLDER = join(ROOT, "tests/media/stream");
const PLAYLIST = readFileSync(join(FOLDER, "stream.m3u8"), "utf8");

/** What a folder of the other host answers instead of what is there. @type {Record<string, (name: string) => { status?: number, body?: string, isClosed?: boolean } | undefined>} */
const FOLDERS = {
    film: () => undefined,
    live: (name) => (name === "stream.m3u8" ? { body: PLAYLIST.replace("#EXT-X-PLAYLIST-TYPE:VOD\n", "").replace("#EXT-X-ENDLIST\n", "") } : undefined),
    gone: () => ({ status: 404 }),
    page: (name) => (name === "stream.m3u8" ? { body: "<!doctype html><title>Please sign in</title>" } : undefined),
    torn: (name) => (name === "part1.m4s" ? { status: 404 } : undefined),
    closed: () => ({ isClosed: true }),
};

const host = createServer((request, response) => {
    const [, folder, name] = new URL(request.url ?? "", "http://host").pathname.split("/");
    const { status = 200, body, isClosed } = FOLDERS[folder](name) ?? {};
    /** @type {Record<string, string>} */
    const headers = isClosed ? {} : { "access-control-allow-origin": "*" };
    headers["content-type"] = name.endsWith(".m3u8") ? "application/vnd.apple.mpegurl" : "video/mp4";
    headers["cache-control"] = "no-store";
    response.writeHead(status, headers).end(status === 200 ? body ?? readFileSync(join(FOLDER, name)) : "");
});

const lanes = new Lanes(() => RealTime.begin());
before(() => new Promise((resolve) => host.listen(0, "127.0.0.1", () => resolve(undefined))));
after(async () => {
    for (const world of lanes.all) await world.end();
    host.close();
});

/** @param {string} name @param {(world: RealTime) => Promise<void>} story */
const played = (name, story) => test(name, () => lanes.on(story));

/** @param {string} folder */
const addressOf = (folder) => {
    const { port } = /** @type {import("node:net").AddressInfo} */ (host.address());
    return `http://127.0.0.1:${port}/${folder}/stream.m3u8`;
};

/** Whether the page asked for hls.js. @param {import("./real_time.js").Tab} tab */
const isByScript = (tab) => tab.read("frames[0].performance.getEntriesByType('resource').some((it) => it.name.endsWith('/pkg/hls.js'))");

/** Browsers that know nothing of HLS. @param {import("puppeteer-core").Page} page */
const knowNothing = (page) => page.evaluateOnNewDocument(() => {
    const { canPlayType } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.canPlayType = function (type) {
        return /mpegurl/i.test(type) ? "" : canPlayType.call(this, type);
    };
});

describe("streams, played for real", SIDE_BY_SIDE, () => {
    for (const way of /** @type {const} */ (["the browser", "hls.js"])) {
        played(`a stream is played by ${way} in two visits: it is one film, goes on where it was left, and is completed`, async (world) => {
            world.onTab = way === "hls.js" ? knowNothing : undefined;
            const learner = `anna of ${way}`;
            const topic = await world.importMedia({ title: `In pieces, by ${way}`, url: `${addressOf("film")}?token=1` });
            const first = await world.take(topic, learner, READY);
            await first.until("document.activeElement === document.getElementById('content')");
            assert.equal(await isByScript(first), way === "hls.js");
            await first.page.keyboard.press("Space");
            await inFrame(first, reached(2.5)); // In the second piece.
            await first.page.keyboard.press("k");
            const leftAtS = await position(first);
            await first.until("document.getElementById('time').textContent.endsWith('(not counting: nothing plays)')");
            if (way === "hls.js") await look(first, "media-stream");
            await first.close();
            const row = await world.closedRow(learner);
            near(row.time_spent_ms, leftAtS, "Time Spent of the first visit");
            assert.deepEqual([row.status, row.provenance], ["incomplete", "media"]);

            const second = await world.take(topic, learner, READY);
            await second.until(`Math.abs(frames[0].${IT}.currentTime - ${leftAtS}) < 0.3`);
            await second.page.keyboard.press("Space");
            await inFrame(second, ENDED);
            await second.until("frames[0].document.getElementById('state').textContent === 'Completed just now'");
            await second.close();
            const done = await world.row(learner, (it) => it.status === "completed");
            near(done.time_spent_ms, FILM_S, "Time Spent of both visits");
            const [{ key, kind }, ...others] = done.media;
            // Its own address, not that of what hls.js puts the pieces into, which is another one each time.
            assert.deepEqual([key, kind, others], [`${addressOf("film")}#${FILM_S}`, "video", []]);
            assert.deepEqual([first.failures, second.failures], [[], []]);
        });
    }

    played("a stream at twice the speed takes half the time, and its end alone completes nothing", async (world) => {
        world.onTab = knowNothing;
        const topic = await world.importMedia({ title: "In a hurry", url: addressOf("film") });
        const tab = await world.take(topic, "berta", READY);
        await tab.until("document.activeElement === document.getElementById('content')");
        await tab.page.keyboard.press("ArrowRight");
        await tab.until(`frames[0].${IT}.currentTime === 5 && !frames[0].${IT}.seeking`);
        await tab.page.keyboard.press("Space");
        await inFrame(tab, ENDED);
        assert.match(await words(tab, "progress"), /^1\d % seen/);
        for (let n = 0; n < 5; n++) await tab.page.keyboard.press(">");
        // Listened for before it begins anew: it is short.
        await inFrame(tab, `void (document.over = new Promise((resolve) => ${IT}.addEventListener("ended", resolve)))`);
        await tab.page.keyboard.press("Space"); // From its beginning.
        await inFrame(tab, "document.over");
        await tab.close();
        const row = await world.row("berta", (it) => it.status === "completed");
        near(row.time_spent_ms, 1 + FILM_S / 2, "Time Spent");
        assert.deepEqual(tab.failures, []);
    });

    played("what is live counts while it plays, has no length, and is never completed", async (world) => {
        world.onTab = knowNothing;
        const topic = await world.importMedia({ title: "Now", url: addressOf("live") });
        const tab = await world.take(topic, "carla", READY);
        await tab.until("document.activeElement === document.getElementById('content')");
        assert.equal(await inFrame(tab, `String(${IT}.duration)`), "Infinity");
        assert.equal(await words(tab, "progress"), "Live: there is no end to come to");
        await tab.page.keyboard.press("Space");
        const from = await position(tab);
        await inFrame(tab, reached(from + 3));
        await tab.page.keyboard.press("k");
        const playedS = (await position(tab)) - from;
        await tab.until("frames[0].document.getElementById('state').textContent === 'Paused: does not count'");
        await look(tab, "media-live");
        await tab.close();
        const row = await world.closedRow("carla");
        near(row.time_spent_ms, playedS, "Time Spent");
        assert.deepEqual([row.status, row.progress_percent, row.media[0].duration_ms], ["incomplete", 0, 0]);
        assert.equal(row.media[0].key, `${addressOf("live")}#Infinity`);
        const again = await world.take(topic, "carla", READY);
        assert.ok((await position(again)) < 1, "it is not moved to where it was");
        await again.close();
        assert.deepEqual([tab.failures, again.failures], [[], []]);
    });

    const TROUBLES = /** @type {const} */ ([
        ["gone", /^This video was not found\./, 0],
        ["page", /^What lies at the address of this video is nothing that can be played\./, 0],
        ["closed", /^This video could not be reached, or the server that it lies on does not let this page read it\./, 0],
        ["torn", /^A part of this video was not found\./, 2],
    ]);

    for (const way of /** @type {const} */ (["a browser that plays HLS", "hls.js"])) {
        for (const [folder, expected, playedS] of TROUBLES) {
            // What a browser itself plays without being allowed to read it, it may.
            if (way !== "hls.js" && folder === "closed") continue;
            played(`a stream that is ${folder} is said to be, in plain words, by ${way}`, async (world) => {
                world.onTab = way === "hls.js" ? knowNothing : undefined;
                const learner = `${folder} by ${way}`;
                const topic = await world.importMedia({ title: `${folder} by ${way}`, url: addressOf(folder) });
                const tab = await world.take(topic, learner, "frames[0]?.document.querySelector('video') !== null");
                if (playedS > 0) {
                    // As often as it takes: where the browser gives up before anybody wants to see it, hls.js begins meanwhile.
                    await tab.until(`(frames[0].${IT}.play().catch(() => {}), frames[0].${IT}.currentTime > 0)`);
                    await inFrame(tab, reached(playedS - 0.2));
                }
                await tab.until("frames[0].document.getElementById('trouble').hidden === false");
                assert.match(await words(tab, "trouble"), expected);
                await tab.close();
                const row = await (playedS > 0 ? world.closedRow(learner) : world.row(learner, () => true));
                // Nobody touched it, so that it is no attempt yet; what its session came to is told all the same.
                near(row.details[0]?.credited_ms ?? 0, playedS, "credited");
                assert.deepEqual(tab.failures, []);
            });
        }
    }
});
