// @ts-check
// The server under a set clock, as a process that can be killed.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The environment names the binaries; without it, where the build puts them. */
export function program(/** @type {string} */ name, /** @type {string} */ otherwise) {
    return process.env[name] ?? otherwise;
}

/** The server under a set clock: a process of its own, driven by lines. */
export class Testbed {
    /** @type {import("node:child_process").ChildProcess} */ #process;
    /** @type {((line: string) => void)[]} */ #waiting = [];
    /** @type {string[]} */ #lines = [];
    /** The app face: the API and the report. */ url = "";
    /** The run face: player, content and commits. */ runUrl = "";
    key = "";

    /** @param {import("node:child_process").ChildProcess} process */
    constructor(process) {
        this.#process = process;
        const { stdout } = process;
        if (!stdout) throw new Error("the testbed has no output");
        createInterface({ input: stdout }).on("line", (line) => {
            const next = this.#waiting.shift();
            if (next) next(line);
            else this.#lines.push(line);
        });
        process.once("exit", () => this.#waiting.splice(0).forEach((next) => next("gone")));
    }

    /**
     * @param {string} data
     * @param {number} startMs
     * @param {Testbed} [before] Whose ports it takes.
     */
    static async start(data, startMs, before) {
        const binary = program("SEATTIME_TESTBED", join(ROOT, "target/release/seattime-testbed"));
        const options = ["--data", data, "--web", join(ROOT, "www"), "--pkg", join(ROOT, "pkg")];
        const [port, runPort] = before ? [before.url, before.runUrl].map((it) => new URL(it).port) : ["0", "0"];
        const ports = ["--port", port, "--run-port", runPort];
        const made = new Testbed(
            spawn(binary, [...options, ...ports, "--start-ms", String(startMs)], { stdio: ["pipe", "pipe", "inherit"] }),
        );
        for (const [word, set] of /** @type {[string, (text: string) => void][]} */ ([
            ["listening", (text) => (made.url = text)],
            ["running", (text) => (made.runUrl = text)],
            ["api-key", (text) => (made.key = text)],
        ])) {
            const line = await made.#line();
            if (!line.startsWith(`${word} `)) throw new Error(`the testbed says ${line}, expected ${word}`);
            set(line.slice(word.length + 1));
        }
        return made;
    }

    /** Where a path is answered: on one face or the other. @param {string} path */
    at(path) {
        return (/^\/(run|content|player|pkg)\//.test(path) ? this.runUrl : this.url) + path;
    }

    /** @returns {Promise<string>} */
    #line() {
        const line = this.#lines.shift();
        if (line !== undefined) return Promise.resolve(line);
        if (this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve("gone");
        return new Promise((resolve) => this.#waiting.push(resolve));
    }

    /** @param {string} order */
    async order(order) {
        const answer = this.#line();
        this.#process.stdin?.write(`${order}\n`);
        if (await answer !== "ok") throw new Error(`${order}: the testbed says ${await answer}`);
    }

    /** Ends it as a power cut ends a process. */
    async kill() {
        const gone = new Promise((resolve) => this.#process.once("exit", resolve));
        this.#process.stdin?.on("error", () => {});
        if (this.#process.kill("SIGKILL")) await gone;
    }
}
