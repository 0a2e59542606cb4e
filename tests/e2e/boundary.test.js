// @ts-check
// The API with all its short cuts (numbers for names, texts answered from JavaScript, long ones held back)
// against the instance asked plainly, name by name: random calls, and the same answers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ROOT } from "./testbed.js";

const MODULES = `${ROOT}/target/xtask/modules`;
const WASM = readFileSync(`${ROOT}/pkg/wasm_bg.wasm`);
const CALLS = 100_000;

/** Numbers that look random and are the same each time. @param {number} seed */
function numbers(seed) {
    let state = seed;
    return (/** @type {number} */ below) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
}

/** A text as the run-time holds it, by the table of docs/deviations.md. @param {string} text */
const held = (text) => text
    .replace(/[\u{10F000}-\u{10F800}]/gu, "\u{10F800}$&")
    .replace(/[\ud800-\udfff]/gu, (half) => String.fromCodePoint(0x10F000 + half.charCodeAt(0) - 0xD800));

/** And back. @param {string} text */
const shown = (text) => text.replace(/\u{10F800}(.)|[\u{10F000}-\u{10F7FF}]/gsu, (found, escaped) =>
    escaped ?? String.fromCharCode(0xD800 + (found.codePointAt(0) ?? 0) - 0x10F000));

/** The instance, asked plainly. */
class Plain {
    /** @param {any} wasm @param {WebAssembly.Memory} memory */
    constructor(wasm, memory) {
        this.wasm = wasm;
        this.memory = memory;
        this.last = 0;
    }

    /** @param {string} text @param {number} at */
    put(text, at) {
        const bytes = new TextEncoder().encode(held(text));
        const address = this.wasm.inbox(at + bytes.length);
        new Uint8Array(this.memory.buffer).set(bytes, address + at);
        return bytes.length;
    }

    read() {
        const cell = new Uint32Array(this.memory.buffer, this.wasm.cell(), 3);
        return shown(new TextDecoder().decode(new Uint8Array(this.memory.buffer, cell[0], cell[1])));
    }

    /** @param {string} name @param {unknown[]} args */
    call(name, args) {
        const texts = args.map((it) => (it === undefined || it === null ? "" : String(it)));
        const [first = "", second = ""] = texts;
        if (name === "GetLastError") return String(this.last);
        if (name === "GetValue") {
            this.last = this.wasm.get_named(this.put(first, 0));
            return this.last === 0 ? this.read() : "";
        }
        if (name === "SetValue") {
            const size = this.put(first, 0);
            this.last = this.wasm.set_named(size, this.put(second, size), second.length);
        } else if (name === "Initialize") {
            this.last = this.wasm.initialize(first !== "", false);
        } else if (name === "Terminate") {
            this.last = this.wasm.terminate(first !== "");
        } else {
            this.last = this.wasm.commit(first !== "");
        }
        return this.last === 0 ? "true" : "false";
    }
}

const NAMES = {
    "1.2": [
        "cmi.core.lesson_location", "cmi.core.lesson_status", "cmi.core.score.raw", "cmi.core.exit", "cmi.core.session_time",
        "cmi.suspend_data", "cmi.comments", "cmi.core.student_id", "cmi.core._children", "cmi.objectives._count",
        "cmi.objectives.#.id", "cmi.objectives.#.score.raw", "cmi.objectives.#.status", "cmi.interactions._count",
        "cmi.interactions.#.id", "cmi.interactions.#.type", "cmi.interactions.#.result", "cmi.interactions.#.objectives.#.id",
        "cmi.interactions.#.objectives.#.id.", "cmi.interactionz.#.id", "cmi.objectives.0#.id", "cmi.objectives.#00000000#.id",
        "cmi.student_preference.audio", "cmi.nothing", "x", "",
    ],
    "2004": [
        "cmi.location", "cmi.completion_status", "cmi.success_status", "cmi.progress_measure", "cmi.score.scaled", "cmi.score.raw",
        "cmi.exit", "cmi.session_time", "cmi.suspend_data", "cmi.learner_id", "cmi.learner_preference.language",
        "cmi.objectives._count", "cmi.objectives.#.id", "cmi.objectives.#.score.scaled", "cmi.objectives.#.success_status",
        "cmi.interactions._count", "cmi.interactions.#.id", "cmi.interactions.#.type", "cmi.interactions.#.learner_response",
        "cmi.interactions.#.correct_responses.#.pattern", "cmi.interactions.#.description", "cmi.comments_from_learner.#.comment",
        "cmi.interactions.#.description.", "cmi.ibteractions.#.id", "cmi.interactions.0#.id", "cmi.objectives.#00000#.id", "cmi.objectives.#",
        "cmi.objectives.#.", "cmi.interactions.#.objectives.1#.id", "cmi.interactions.#.objectives.0#.id",
        "adl.nav.request", "adl.nav.request_valid.choice.{target=a#}", "adl.nav.request_valid.choice.{target=#}", "adl.data.#.store", "cmi.nothing", "adl.data", "__proto__",
    ],
};
const VALUES = [
    "", "7", 85, -0.5, "0.5", "1.5", "completed", "incomplete", "passed", "choice", "true-false", "true", "a[,]b", "suspend", "correct",
    "PT5M", "00:05:00", "id", "id-2", "{lang=fr}mot", "größer", "\ud800 half a character", "\u0000", null, undefined, true,
    "x".repeat(300), "x".repeat(2_000), "ü".repeat(2_000), "\udfff".repeat(1_500), "y".repeat(65_537),
];

for (const version of /** @type {const} */ (["1.2", "2004"])) {
    test(`${CALLS} random calls of ${version} are answered as by the instance asked plainly`, async (context) => {
        const api = await import(`${MODULES}/api.js?${version}`);
        const instance = await import(`${MODULES}/instance.js`);
        const own = await import(`${MODULES}/wasm.js`);
        const other = await import(`${MODULES}/wasm.js?plain-${version}`);
        await instance.start(WASM);
        const plain = new Plain(other, other.initSync({ module: WASM }).memory);
        const standard = version === "1.2" ? 12 : 20044;
        for (const [wasm, put] of [[own, instance.put], [other, plain.put.bind(plain)]]) {
            wasm.open(standard, false, 300_000, 30_000, 0, 30_000, true);
            wasm.add_activity(put("item", 0), 1, 1);
            wasm.add_map(put("bucket", 0), true, true);
        }
        instance.remember();
        const target = /** @type {any} */ ({});
        const frame = { document: {} };
        api.install(target, version, { topDocument: () => frame.document, safe: () => {}, called: () => {} });
        const functions = version === "1.2" ? target.API : target.API_1484_11;
        const prefix = version === "1.2" ? "LMS" : "";
        const begin = () => {
            api.forget();
            own.launch(0);
            instance.remember();
            other.launch(0);
        };

        const pick = numbers(20_041);
        const one = (/** @type {any[]} */ of) => of[pick(of.length)];
        let done = 0;
        let isNew = true;
        for (let n = 0; n < CALLS; n++) {
            /** @type {number} */
            const dice = isNew && pick(10) > 0 ? 10 : pick(1_000);
            if (dice === 0 || n === 0) begin();
            isNew = dice === 0;
            // What a checkpoint does in between must change nothing.
            if (dice < 10) instance.remember();
            const name = one(NAMES[version]).replaceAll("#", () => String(pick(4)));
            /** @type {[string, unknown[]]} */
            const [call, args] = dice < 12 ? ["Initialize", [one(["", "", "", "", "x"])]]
                : dice < 13 ? ["Terminate", [""]]
                : dice < 18 ? ["Commit", [""]]
                : dice < 30 ? ["GetLastError", []]
                : dice < 480 ? ["GetValue", [name]]
                : ["SetValue", [name, one(VALUES)]];
            const told = functions[prefix + (version === "1.2" && call === "Terminate" ? "Finish" : call)](...args);
            const expected = plain.call(call, args);
            const what = `call ${n}: ${call}(${args.map((it) => String(it).slice(0, 40)).join(", ")})`;
            assert.equal(told, expected, what);
            assert.equal(functions[`${prefix}GetLastError`](), String(plain.last), what);
            if (plain.last === 0) done++;
        }
        context.diagnostic(`${version}: ${done} of ${CALLS} calls were no error`);
        assert.ok(done > CALLS / 10);
    });
}
