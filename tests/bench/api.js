// @ts-check
// The API against scorm-again's, call by call, in one page of a real browser: medians and ratios.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { Bare } from "../e2e/bare.js";
import { ROOT } from "../e2e/testbed.js";

const BROWSERS = Number(process.env.SEATTIME_BENCH_BROWSERS ?? 5);
const COLD_PAGES = 25;
const VERSIONS = /** @type {const} */ (["1.2", "2004"]);

/** How large a ratio, ours to the peer's, may be. @type {Record<string, number>} */
const LIMITS = {
    "SetValue location": 0.10,
    "SetValue 4 kB": 0.10,
    "SetValue 4 kB, not ASCII": 0.10,
    "SetValue refused": 0.05,
    "GetValue location": 0.3,
    "GetValue 4 kB": 0.15,
    "GetLastError": 0.3,
    "500 interactions": 0.25,
    "commit of 500 interactions": 0.15,
    "commit of 500 interactions, bytes": 1.0,
    "commit after one change": 0.05,
    "commit after one change, bytes": 0.05,
    "first 200 calls of a cold page": 0.75,
    "a ready API": 1.0,
};

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** @param {string} name @param {number} value */
function written(name, value) {
    if (name.endsWith("bytes") || name.startsWith("bytes")) return `${Math.round(value)} B`;
    if (name.startsWith("a ready") || name.startsWith("first")) return `${value.toFixed(2)} ms`;
    return value > 1e5 ? `${(value / 1e6).toFixed(3)} ms` : `${Math.round(value)} ns`;
}

let over = 0;
/** @param {string} name @param {number} ours @param {number} peer */
function line(name, ours, peer) {
    const [ratio, limit] = [ours / peer, LIMITS[name]];
    const isOver = limit !== undefined && ratio > limit;
    if (isOver) over++;
    const verdict = limit === undefined ? "" : `at most ${limit.toFixed(2)}${isOver ? "  OVER" : ""}`;
    console.log(`  ${name.padEnd(36)} ${written(name, ours).padStart(12)} ${written(name, peer).padStart(12)} ${ratio.toFixed(3).padStart(8)}  ${verdict}`);
}

/** Sizes after gzip -9. @param {string[]} files */
const packed = (files) => files.reduce((sum, it) => sum + gzipSync(readFileSync(`${ROOT}/${it}`), { level: 9 }).length, 0);

const { version: peerVersion } = JSON.parse(readFileSync(`${ROOT}/node_modules/scorm-again/package.json`, "utf8"));
console.log(`bench api: Seattime beside scorm-again ${peerVersion}; medians of ${BROWSERS} fresh browsers`);
for (const version of VERSIONS) {
    /** @type {Record<string, { ours: number[], peer: number[] }>} */
    const all = {};
    const note = (/** @type {string} */ name, /** @type {"ours" | "peer"} */ which, /** @type {number} */ value) => {
        (all[name] ??= { ours: [], peer: [] })[which].push(value);
    };
    let browserName = "";
    for (let n = 0; n < BROWSERS; n++) {
        process.stdout.write(`\r  ${version}: browser ${n + 1} of ${BROWSERS} …`);
        const bare = await Bare.open("chrome");
        try {
            browserName = await bare.browser.version();
            const told = /** @type {any} */ (await bare.run(`return (await import("/tests/bench/page.js")).warm(given)`, version));
            for (const [name, { ours, peer }] of Object.entries(told)) {
                note(name, "ours", ours);
                note(name, "peer", peer);
            }
        } finally {
            await bare.close();
        }
    }
    const file = version === "1.2" ? "scorm12" : "scorm2004";
    const pages = ["ours", "both", file];
    const bare = await Bare.open("chrome", Object.fromEntries(pages.map((it) => [`/${it}.html`, `tests/bench/${it}.html`])));
    const start = bare.page.url();
    try {
        for (let n = 0; n < COLD_PAGES; n++) {
            process.stdout.write(`\r  ${version}: cold page ${n + 1} of ${COLD_PAGES} …`);
            for (const page of pages) {
                await bare.page.goto(start);
                await bare.run(`return (await import("/tests/bench/page.js")).clear()`);
                await bare.page.goto(`${start}${page}.html?version=${version}`);
                await bare.page.waitForFunction("window.readyMs !== undefined");
                const told = /** @type {any} */ (await bare.run(`return (await import("/tests/bench/page.js")).cold(given)`, version));
                if (page !== file) note("a ready API", page === "ours" ? "ours" : "peer", told.ready);
                if (page !== "both") {
                    note("a ready API, peer of one version", page === "ours" ? "ours" : "peer", told.ready);
                    note("first 200 calls of a cold page", page === "ours" ? "ours" : "peer", told.calls);
                }
            }
        }
        for (const which of /** @type {const} */ (["ours", "peer"])) {
            process.stdout.write(`\r  ${version}: memory …                  `);
            await bare.page.goto(start);
            const bytes = await bare.run(`return (await import("/tests/bench/page.js")).memory(...given)`, [version, which]);
            note("memory of 500 interactions, bytes", which, /** @type {number} */ (bytes));
        }
    } finally {
        await bare.close();
    }
    note("bytes of the code", "ours", packed(["pkg/seattime.js", "pkg/wasm_bg.wasm"]));
    note("bytes of the code", "peer", packed([`node_modules/scorm-again/dist/esm/${file}.min.js`]));
    console.log(`\r${version} in ${browserName}`.padEnd(60));
    console.log(`  ${"".padEnd(36)} ${"ours".padStart(12)} ${"scorm-again".padStart(12)} ${"ratio".padStart(8)}`);
    for (const [name, { ours, peer }] of Object.entries(all)) line(name, median(ours), median(peer));
}
console.log(over === 0 ? "bench api: every ratio is within its limit" : `bench api: ${over} ratios are over their limits`);
process.exitCode = over === 0 ? 0 : 1;
