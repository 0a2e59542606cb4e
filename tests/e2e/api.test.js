// @ts-check
// The API object itself, in a page with nothing but the run-time: ADL's cases, a trap inside a call, and what
// an embedding page can ask and hear.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Bare } from "./bare.js";
import { skip } from "./need.js";
import { ROOT } from "./testbed.js";

const LAUNCH = `
    const { launch } = await import("/pkg/seattime.js");
    const sent = [];
    const visit = await launch({
        frame: document.getElementById("content"),
        data: given.data,
        transport: given.isOffline ? () => Promise.reject(new Error("there is no server")) : async (message) => void sent.push(JSON.parse(message)),
    });
`;

for (const name of ["API", "DMI"]) {
    const path = `${ROOT}/target/tmp/adl/${name}.jsonl`;
    test(`every call of ADL's case ${name} is answered in the browser as ADL demands`, async (context) => {
        if (!process.env.SEATTIME_ADL_DIR || !existsSync(path)) return skip(context, "adl", "name the folder of ADL's cases in SEATTIME_ADL_DIR");
        // What ADL demands was compared natively; here is what was then answered, word for word.
        const [data, ...steps] = readFileSync(path, "utf8").trimEnd().split("\n").map((it) => JSON.parse(it));
        const bare = await Bare.open("chrome");
        try {
            const { calls, wrong } = /** @type {any} */ (await bare.run(`${LAUNCH}
                let calls = 0;
                const wrong = [];
                for (const step of given.steps) {
                    if (step.start !== undefined) { await visit.start(step.start); continue; }
                    const [name, args, answer, code] = step;
                    const told = API_1484_11[name](...args);
                    const last = Number(API_1484_11.GetLastError());
                    calls++;
                    if (told !== answer || last !== code) wrong.push([name, args[0], told.slice(0, 80), last, answer.slice(0, 80), code]);
                }
                return { calls, wrong };`, { data, steps }));
            assert.deepEqual(wrong, []);
            context.diagnostic(`${name}: ${calls} calls`);
            assert.ok(calls >= 28);
        } finally {
            await bare.close();
        }
    });
}

const DATA = { api: "2004", activities: [{ id: "item", url: "/content.html", objectives: ["primary"] }] };

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    test(`a trap inside a call costs neither the call nor what was set before, in ${browser}`, async () => {
        const bare = await Bare.open(browser);
        try {
            const told = await bare.run(`${LAUNCH}
                await visit.start(0);
                const api = API_1484_11;
                const answers = [api.Initialize("")];
                for (let n = 0; n < 40; n++) {
                    answers.push(api.SetValue("cmi.interactions." + n + ".id", "i" + n));
                    answers.push(api.SetValue("cmi.interactions." + n + ".type", "choice"));
                    answers.push(api.SetValue("cmi.interactions." + n + ".learner_response", "a[,]b"));
                }
                answers.push(api.SetValue("cmi.objectives.0.score.scaled", "0.5"));
                answers.push(api.SetValue("cmi.suspend_data", "ü".repeat(2000)));
                answers.push(api.SetValue("cmi.location", "page-5"));
                let trapped = 0;
                const { now } = performance;
                const fail = () => {
                    performance.now = () => {
                        performance.now = now;
                        trapped++;
                        throw new Error("the clock failed");
                    };
                };
                fail();
                answers.push(api.SetValue("cmi.session_time", "PT5M")); // It asks the clock, inside wasm.
                fail();
                answers.push(api.SetValue("cmi.session_time", "PT6M"));
                answers.push(api.SetValue("cmi.interactions.40.id", "after"));
                const read = (name) => api.GetValue(name) + " " + api.GetLastError();
                return {
                    all: [...new Set(answers)],
                    trapped,
                    count: read("cmi.interactions._count"),
                    first: read("cmi.interactions.0.learner_response"),
                    last: read("cmi.interactions.40.id"),
                    score: read("cmi.objectives.0.score.scaled"),
                    location: read("cmi.location"),
                    suspended: api.GetValue("cmi.suspend_data") === "ü".repeat(2000),
                    end: api.Terminate("") + " " + api.GetLastError(),
                };`, { data: DATA });
            assert.deepEqual(told, {
                all: ["true"], trapped: 2, count: "41 0", first: "a[,]b 0", last: "after 0", score: "0.5 0",
                location: "page-5 0", suspended: true, end: "true 0",
            });
        } finally {
            await bare.close();
        }
    });
}

test("an embedding page hears what happens, reads all values, and takes the commits itself", async () => {
    const bare = await Bare.open("chrome");
    try {
        const told = /** @type {any} */ (await bare.run(`${LAUNCH}
            const heard = [];
            for (const type of ["initialized", "set", "committed", "terminated", "taken"]) {
                visit.on(type, (it) => heard.push([type, it.activity?.id ?? it.element + "=" + it.value]));
            }
            visit.on("error", (it) => heard.push(["error", it.function + " " + it.code]));
            const lines = [];
            const stop = visit.on("call", (it) => lines.push([it.function, it.arguments, it.answer, it.code, it.atMs >= 0]));
            visit.on("set", () => { throw new Error("a listener of the host's that fails"); });
            const saved = new Promise((resolve) => visit.on("saving", (it) => it.state === "saved" && resolve(it)));
            await visit.start(0);
            const api = API_1484_11;
            api.Initialize("");
            api.SetValue("cmi.location", 7);
            api.SetValue("cmi.score.scaled", "2");
            const last = api.GetLastError();
            stop();
            api.Commit("");
            await saved;
            const snapshot = visit.snapshot();
            api.Terminate("");
            await visit.end();
            return { heard, lines, last, snapshot, sent, isOver: await visit.end() };`, { data: DATA }));
        assert.deepEqual(told.heard, [
            ["initialized", "item"], ["set", "cmi.location=7"], ["error", "SetValue 407"], ["committed", "item"],
            ["terminated", "item"], ["taken", "item"],
        ]);
        assert.deepEqual(told.lines, [
            ["Initialize", [""], "true", 0, true],
            ["SetValue", ["cmi.location", "7"], "true", 0, true],
            ["SetValue", ["cmi.score.scaled", "2"], "false", 407, true],
            ["GetLastError", [], "407", 407, true],
        ]);
        assert.equal(told.last, "407");
        assert.equal(told.snapshot.values["cmi.location"], "7");
        assert.equal(told.snapshot.values["cmi.objectives.0.id"], "primary");
        assert.equal(told.snapshot.activity.id, "item");
        assert.deepEqual(told.sent[0].sessions[0].set["cmi.location"][0], "7");
        const states = told.sent.flatMap((/** @type {any} */ it) => it.sessions).map((/** @type {any} */ it) => it.state);
        assert.deepEqual([...new Set(states)], ["running", "terminated"]);
        assert.equal(told.isOver, true, "a visit that has ended may be ended again");
    } finally {
        await bare.close();
    }
});

test("a page may launch one version after the other", async () => {
    const bare = await Bare.open("chrome");
    try {
        const told = await bare.run(`${LAUNCH}
            await visit.start(0);
            API_1484_11.Initialize("");
            // The second time, both names stand for what the first time told.
            for (const value of ["2004", "2004 again"]) API_1484_11.SetValue("cmi.suspend_data", value);
            API_1484_11.GetValue("cmi.launch_data");
            await visit.end();
            const next = await launch({ frame: document.getElementById("content"), data: { ...given.data, api: "1.2" }, transport: async () => {} });
            await next.start(0);
            const before = API.LMSGetLastError();
            API.LMSInitialize("");
            for (const value of ["1.2", "1.2 again"]) API.LMSSetValue("cmi.suspend_data", value);
            return [before, API.LMSGetValue("cmi.suspend_data"), next.snapshot().values["cmi.suspend_data"], API.LMSGetValue("cmi.launch_data"), API.LMSGetLastError()];
        `, { data: DATA });
        assert.deepEqual(told, ["0", "1.2 again", "1.2 again", "", "0"]);
    } finally {
        await bare.close();
    }
});

test("content is told that nothing can be kept, once neither browser nor server takes it", async () => {
    const bare = await Bare.open("chrome");
    try {
        const told = await bare.run(`
            // Neither IndexedDB nor a server.
            Object.defineProperty(window, "indexedDB", { get: () => { throw new Error("switched off"); } });
            ${LAUNCH}
            const unsaved = new Promise((resolve) => visit.on("saving", (it) => it.state === "unsaved" && resolve(it.why)));
            await visit.start(0);
            const api = API_1484_11;
            const first = [api.Initialize(""), api.SetValue("cmi.location", "7"), api.Commit("")];
            const why = await unsaved;
            return { first, why, then: [api.Commit(""), api.GetLastError(), api.Terminate(""), api.GetLastError(), api.GetValue("cmi.location")] };
        `, { data: DATA, isOffline: true });
        assert.deepEqual(told, { first: ["true", "true", "true"], why: "transport", then: ["false", "391", "false", "111", "7"] });
    } finally {
        await bare.close();
    }
});

test("the property that holds the API may be read, replaced and taken away, as any other", async () => {
    const bare = await Bare.open("chrome");
    try {
        const told = /** @type {any} */ (await bare.run(`${LAUNCH}
            await visit.start(0);
            const { configurable, enumerable } = Object.getOwnPropertyDescriptor(window, "API_1484_11");
            const found = frames[0].eval("parent.API_1484_11");
            const told = {
                configurable, enumerable, isSame: found === API_1484_11, isFrozen: Object.isFrozen(found), type: typeof found.Initialize,
                isListed: "API_1484_11" in window && Object.keys(window).includes("API_1484_11"), other: window.API === undefined,
            };
            window.API_1484_11 = 7;
            told.replaced = window.API_1484_11;
            window.API_1484_11 = 8;
            told.again = window.API_1484_11;
            told.isGone = delete window.API_1484_11 && !("API_1484_11" in window);
            return told;`, { data: DATA }));
        assert.deepEqual(told, {
            configurable: true, enumerable: true, isSame: true, isFrozen: true, type: "function", isListed: true, other: true,
            replaced: 7, again: 8, isGone: true,
        });
    } finally {
        await bare.close();
    }
});
for (const api of /** @type {const} */ (["1.2", "2004"])) {
    for (const strict of [false, true]) {
        test(`a snapshot in "terminated" has every value, and objectives are objectives (${api}, ${strict ? "strict" : "usual"})`, async () => {
            const bare = await Bare.open("chrome");
            try {
                const told = /** @type {any} */ (await bare.run(`${LAUNCH}
                    const before = visit.snapshot().values;
                    await visit.start(0);
                    const is12 = given.data.api === "1.2";
                    const call = (name, ...args) => (is12 ? API["LMS" + name.replace("Terminate", "Finish")] : API_1484_11[name])(...args);
                    let ended, taken;
                    visit.on("terminated", () => (ended = visit.snapshot()));
                    visit.on("taken", () => (taken = visit.snapshot().values));
                    call("Initialize", "");
                    const counts = ["cmi.objectives", "cmi.interactions"].map((it) => call("GetValue", it + "._count"));
                    const values = is12
                        ? { "cmi.core.lesson_status": "passed", "cmi.core.score.raw": "83", "cmi.core.lesson_location": "7", "cmi.core.exit": "suspend",
                            "cmi.core.session_time": "00:01:00", "cmi.interactions.0.id": "q", "cmi.interactions.0.result": "correct" }
                        : { "cmi.success_status": "passed", "cmi.completion_status": "completed", "cmi.score.scaled": "0.83", "cmi.location": "7", "cmi.exit": "suspend",
                            "cmi.session_time": "PT1M", "cmi.interactions.0.id": "q", "cmi.interactions.0.type": "choice", "cmi.interactions.0.learner_response": "a" };
                    for (const [element, value] of Object.entries(values)) if (call("SetValue", element, value) !== "true") throw new Error(element);
                    const running = visit.snapshot().values;
                    call("Terminate", "");
                    const [late, code] = [call("GetValue", is12 ? "cmi.core.lesson_location" : "cmi.location"), call("GetLastError")];
                    await visit.end();
                    return { before, counts, values, running, ended, taken, late, code };
                `, { data: { api, strict, activities: [{ id: "item", url: "/content.html", objectives: ["primary"] }] } }));
                assert.deepEqual(told.counts, ["1", "0"]);
                assert.equal(told.ended.values["cmi.objectives.0.id"], "primary");
                assert.equal(told.ended.activity.id, "item");
                for (const [element, value] of Object.entries(told.values)) assert.equal(told.ended.values[element], value, element);
                assert.ok(Object.keys(told.ended.values).length > 30, Object.keys(told.ended.values).join());
                assert.deepEqual(told.ended.values, told.running);
                assert.deepEqual(told.taken, told.running);
                assert.deepEqual(told.before, {}, "nothing was launched");
                // What content may read is another matter.
                if (api === "2004") assert.deepEqual([told.late, told.code], ["", "123"]);
                else assert.deepEqual([told.late, told.code], strict ? ["", "101"] : ["7", "0"]);
            } finally {
                await bare.close();
            }
        });
    }
}
