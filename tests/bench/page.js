// @ts-check
// What the benchmark does inside the page: the same calls on both run-times, in turns.

const ROUNDS = 15;
// So many times both are filled before it counts: engines compile in steps, wasm most of all.
const FILL_WARM_UP = 8;
const KILO = "Lorem ipsum dolor sit amet, consectetur. ".repeat(25).slice(0, 1000);
const ASCII = [KILO.repeat(4), KILO.replace("L", "M").repeat(4)];
const OTHER = ASCII.map((it) => it.replaceAll("o", "ö"));
const INTERACTIONS = 500;

/** @typedef {Record<string, (...args: any[]) => string>} Api */

const ELEMENTS = {
    "1.2": {
        prefix: "LMS", location: "cmi.core.lesson_location", status: "cmi.core.lesson_status", score: "cmi.core.score.raw",
        parts: [
            ["id", "q"], ["type", "choice"], ["objectives.0.id", "o1"], ["time", "10:20:30"], ["correct_responses.0.pattern", "a,b"],
            ["weighting", "1"], ["student_response", "a,c"], ["result", "wrong"], ["latency", "00:00:12"],
        ],
    },
    "2004": {
        prefix: "", location: "cmi.location", status: "cmi.completion_status", score: "cmi.score.raw",
        parts: [
            ["id", "q"], ["type", "choice"], ["objectives.0.id", "o1"], ["timestamp", "2026-01-02T10:20:30"],
            ["correct_responses.0.pattern", "a[,]b"], ["weighting", "1"], ["learner_response", "a[,]c"], ["result", "incorrect"],
            ["latency", "PT12S"],
        ],
    },
};

/** Clears what pages before this one left behind: it would be sent first. */
export async function clear() {
    localStorage.clear();
    await new Promise((resolve) => {
        const request = indexedDB.deleteDatabase("seattime");
        request.onsuccess = request.onerror = request.onblocked = resolve;
    });
}

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** @param {"1.2" | "2004"} version */
async function ours(version) {
    const { launch } = await import(/** @type {string} */ ("/pkg/seattime.js"));
    /** @type {(() => void)[]} */
    const held = [];
    const visit = await launch({
        frame: document.getElementById("content"),
        data: { api: version, activities: [{ id: "item", url: "/content.html" }] },
        transport: () => new Promise((resolve) => held.push(() => resolve(undefined))),
    });
    const fresh = async () => {
        await visit.start(0);
        const api = /** @type {any} */ (window)[version === "1.2" ? "API" : "API_1484_11"];
        api[version === "1.2" ? "LMSInitialize" : "Initialize"]("");
        return /** @type {Api} */ (api);
    };
    /** Has everything acknowledged. @param {Api} api */
    const acknowledge = async (api) => {
        api[version === "1.2" ? "LMSCommit" : "Commit"]("");
        for (let n = 0; n < 40; n++) {
            for (const release of held.splice(0)) release();
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    };
    return { visit, fresh, acknowledge };
}

/** @param {"1.2" | "2004"} version */
async function peer(version) {
    const file = version === "1.2" ? "scorm12" : "scorm2004";
    const module = await import(/** @type {string} */ (`/node_modules/scorm-again/dist/esm/${file}.min.js`));
    const Class = module.Scorm12API ?? module.Scorm2004API;
    const fresh = () => {
        const api = new Class({ autocommit: false, logLevel: 5 });
        api.lmsInitialize("");
        return api;
    };
    return { fresh };
}

/**
 * All measures of warm calls: medians in ns a call, of both.
 *
 * @param {"1.2" | "2004"} version
 */
export async function warm(version) {
    const { prefix, location, parts } = ELEMENTS[version];
    const [us, them] = [await ours(version), await peer(version)];
    const [mine, theirs] = [await us.fresh(), them.fresh()];
    const [set, get, last] = [`${prefix}SetValue`, `${prefix}GetValue`, `${prefix}GetLastError`];
    /** @type {Record<string, { ours: number, peer: number }>} */
    const told = {};

    /**
     * @param {string} name
     * @param {number} calls
     * @param {(api: Api, calls: number) => void} run
     */
    const measure = (name, calls, run) => {
        const times = /** @type {[number[], number[]]} */ ([[], []]);
        for (let round = -3; round < ROUNDS; round++) {
            // Who is first changes, since the second finds warmer caches.
            for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
                const api = which === 0 ? mine : theirs;
                const from = performance.now();
                run(api, calls);
                if (round >= 0) times[which].push(((performance.now() - from) * 1e6) / calls);
            }
        }
        told[name] = { ours: median(times[0]), peer: median(times[1]) };
    };

    measure("SetValue location", 2000, (api, calls) => {
        for (let n = 0; n < calls; n++) api[set](location, n & 1 ? "page-17" : "page-18");
    });
    measure("SetValue 4 kB", 500, (api, calls) => {
        for (let n = 0; n < calls; n++) api[set]("cmi.suspend_data", ASCII[n & 1]);
    });
    measure("SetValue 4 kB, not ASCII", 500, (api, calls) => {
        for (let n = 0; n < calls; n++) api[set]("cmi.suspend_data", OTHER[n & 1]);
    });
    measure("SetValue refused", 500, (api, calls) => {
        for (let n = 0; n < calls; n++) api[set](ELEMENTS[version].status, n & 1 ? "done" : "nearly");
    });
    mine[set](location, "page-17");
    theirs[set](location, "page-17");
    measure("GetValue location", 5000, (api, calls) => {
        for (let n = 0; n < calls; n++) api[get](location);
    });
    measure("GetValue 4 kB", 5000, (api, calls) => {
        for (let n = 0; n < calls; n++) api[get]("cmi.suspend_data");
    });
    measure("GetLastError", 10000, (api, calls) => {
        for (let n = 0; n < calls; n++) api[last]();
    });

    // Each round on a session of its own, since records can only be added.
    /** @param {Api} api */
    const fill = (api) => {
        for (let n = 0; n < INTERACTIONS; n++) {
            for (const [part, value] of parts) {
                const answer = api[set](`cmi.interactions.${n}.${part}`, part === "id" ? `${value}${n}` : value);
                if (String(answer) !== "true") throw new Error(`${part}: ${api[last]()}`);
            }
        }
    };
    const times = /** @type {[number[], number[]]} */ ([[], []]);
    /** @type {Api} */
    let filled = mine;
    let other = theirs;
    for (let round = -FILL_WARM_UP; round < ROUNDS; round++) {
        for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
            const api = which === 0 ? await us.fresh() : them.fresh();
            const from = performance.now();
            fill(api);
            const ns = ((performance.now() - from) * 1e6) / (INTERACTIONS * parts.length);
            if (round >= 0) times[which].push(ns);
            if (which === 0) filled = api;
            else other = api;
        }
        // What the sessions before hold is told before the last: only that one is measured below.
        if (round === ROUNDS - 2) await us.acknowledge(filled);
    }
    told["500 interactions"] = { ours: median(times[0]), peer: median(times[1]) };

    /**
     * @param {string} name
     * @param {number} calls
     */
    const commits = (name, calls) => {
        const all = /** @type {[number[], number[]]} */ ([[], []]);
        for (let round = -2; round < 9; round++) {
            for (const which of [0, 1]) {
                const from = performance.now();
                for (let n = 0; n < calls; n++) which === 0 ? us.visit.pending() : JSON.stringify(other.renderCommitCMI(false));
                if (round >= 0) all[which].push(((performance.now() - from) * 1e6) / calls);
            }
        }
        told[name] = { ours: median(all[0]), peer: median(all[1]) };
        const size = (/** @type {string} */ text) => new TextEncoder().encode(text).length;
        told[`${name}, bytes`] = { ours: size(us.visit.pending()), peer: size(JSON.stringify(other.renderCommitCMI(false))) };
    };
    commits("commit of 500 interactions", 20);
    await us.acknowledge(filled);
    filled[set](location, "page-99");
    other[set](location, "page-99");
    commits("commit after one change", 100);
    return told;
}

/**
 * A cold page whose API is ready: since its start, and the first 200 calls, in ms.
 *
 * @param {"1.2" | "2004"} version
 */
export async function cold(version) {
    const { prefix, location, status, score, parts } = ELEMENTS[version];
    const page = /** @type {any} */ (window);
    await page.visit?.start(0);
    const api = page.api ?? (version === "1.2" ? page.API : page.API_1484_11);
    api[page.api ? "lmsInitialize" : `${prefix}Initialize`]("");
    const from = performance.now();
    for (let n = 0; n < 10; n++) {
        api[`${prefix}GetValue`](location);
        api[`${prefix}GetValue`](`cmi.interactions._count`);
        api[`${prefix}SetValue`](location, `page-${n}`);
        api[`${prefix}SetValue`](score, String(n));
        api[`${prefix}SetValue`](status, "incomplete");
        api[`${prefix}SetValue`]("cmi.suspend_data", KILO);
        for (const [part, value] of parts) api[`${prefix}SetValue`](`cmi.interactions.${n}.${part}`, value);
        api[`${prefix}GetLastError`]();
        api[`${prefix}GetValue`]("cmi.suspend_data");
        api[`${prefix}GetValue`]("cmi.nothing");
        api[`${prefix}GetLastError`]();
        api[`${prefix}GetValue`](status);
    }
    return { ready: page.readyMs, calls: performance.now() - from };
}

/**
 * What 500 interactions hold in memory, in bytes, as the browser counts it.
 *
 * @param {"1.2" | "2004"} version
 * @param {"ours" | "peer"} which
 */
export async function memory(version, which) {
    const { prefix, parts } = ELEMENTS[version];
    const api = which === "ours" ? await (await ours(version)).fresh() : (await peer(version)).fresh();
    const used = async () => (await /** @type {any} */ (performance).measureUserAgentSpecificMemory()).bytes;
    const before = await used();
    for (let n = 0; n < INTERACTIONS; n++) {
        for (const [part, value] of parts) api[`${prefix}SetValue`](`cmi.interactions.${n}.${part}`, value);
    }
    const after = await used();
    return after - before;
}
