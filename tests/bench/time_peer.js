// @ts-check
// scorm-again in the player's own page: whatever content calls is called there, too, and what it tells is kept.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { ROOT } from "../e2e/testbed.js";

/** @typedef {{ totalS: number, isFinal: boolean }} Kept What is known of one SCO. */

/** How long a page that was closed may take to say its last. */
const PATIENCE = 80;
const PAUSE_MS = 25;

/** Where the peer's commits arrive, and what a simple LMS makes of them: of each SCO, the last `total_time`. */
export class Sink {
    /** @type {Map<string, Kept>} */ #kept = new Map();
    #server = createServer((request, response) => this.#serve(request, response));
    url = "";

    static async open() {
        const made = new Sink();
        await new Promise((resolve) => made.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
        made.url = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (made.#server.address()).port}`;
        return made;
    }

    /**
     * @param {import("node:http").IncomingMessage} request
     * @param {import("node:http").ServerResponse} response
     */
    #serve(request, response) {
        const sco = decodeURIComponent(request.url ?? "");
        const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
        /** @type {Uint8Array[]} */
        const chunks = [];
        request.on("data", (chunk) => chunks.push(chunk));
        request.on("end", () => {
            const kept = this.#kept.get(sco);
            if (request.method === "GET") {
                // A launch: what was kept of the SCO is what it begins with.
                this.#kept.set(sco, { totalS: kept?.totalS ?? 0, isFinal: false });
                return response.writeHead(200, headers).end(String(kept?.totalS ?? 0));
            }
            if (request.method === "POST") {
                const { cmi, final = false } = JSON.parse(Buffer.concat(chunks).toString());
                const totalS = seconds((cmi.core ?? cmi).total_time);
                this.#kept.set(sco, { totalS, isFinal: final === true });
            }
            response.writeHead(200, { ...headers, "content-type": "application/json" }).end(`{"result":"true","errorCode":0}`);
        });
    }

    /** What a story came to, in seconds, once every page of it has said its last. @returns {Promise<number>} */
    async total() {
        for (let n = 0; n < PATIENCE && [...this.#kept.values()].some((it) => !it.isFinal); n++) {
            await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
        const sum = [...this.#kept.values()].reduce((all, it) => all + it.totalS, 0);
        this.#kept.clear();
        return sum;
    }

    close() {
        this.#server.close();
    }
}

/** A length of time as either version writes it. @param {string} text @returns {number} */
function seconds(text) {
    const two = /^(\d+):(\d+):([\d.]+)$/.exec(text) ?? /^P(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text);
    if (!two) {
        const days = /^P(\d+)D(.*)$/.exec(text);
        if (days) return Number(days[1]) * 86_400 + seconds(`P${days[2]}`);
        throw new Error(`the peer's total_time is ${text}`);
    }
    const [, hours = "0", minutes = "0", rest = "0"] = two;
    return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

const CODE = readFileSync(`${ROOT}/node_modules/scorm-again/dist/scorm-again.min.js`, "utf8");

/**
 * The script that the player's page begins with.
 *
 * @param {string} url Where commits go.
 */
export function peer(url) {
    return `if (window === parent) { ${CODE}\n;(${mirror})(${JSON.stringify(url)}); }`;
}

/** Runs in the player's page; handed to the browser as text. @param {string} url */
function mirror(url) {
    const scope = /** @type {any} */ (globalThis);
    for (const [name, Class, end] of [["API", scope.Scorm12API, "LMSFinish"], ["API_1484_11", scope.Scorm2004API, "Terminate"]]) {
        /** @type {any} */ let both;
        /** @type {any} */ let api;
        let path = "";
        const finish = () => api?.isInitialized() && api[end]("");
        /** A SCO is in the frame: as a page of an LMS does, the one before is ended and this one gets an object of its own. */
        const arrive = () => {
            const now = scope.frames[0]?.location.pathname;
            if (!now || now === path || now === "blank") return;
            finish();
            path = now;
            const sco = url + encodeURI(now);
            api = new Class({
                selfReportSessionTime: true, alwaysSendTotalTime: true, autocommit: true, autocommitSeconds: 30,
                lmsCommitUrl: sco, terminateCommitPayloadField: "final", logLevel: 5,
            });
            scope.testPeer = api;
        };
        /** What it begins with is asked for only where content calls: an asset has none. */
        const begin = () => {
            const request = new XMLHttpRequest();
            request.open("GET", api.settings.lmsCommitUrl, false);
            try {
                request.send();
            } catch {
                return;
            }
            const all = Number(request.responseText);
            const two = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, "0");
            if (name === "API") api.cmi.core.total_time = `${two(all / 3600).padStart(4, "0")}:${two((all / 60) % 60)}:${two(all % 60)}`;
            else api.cmi.total_time = `PT${Math.floor(all / 3600)}H${Math.floor(all / 60) % 60}M${Math.round((all % 60) * 100) / 100}S`;
        };
        Object.defineProperty(scope, name, {
            configurable: true,
            get: () => both,
            set: (/** @type {any} */ ours) => {
                both = {};
                for (const [member, call] of Object.entries(ours)) {
                    both[member] = typeof call !== "function" ? call : (/** @type {any[]} */ ...given) => {
                        const answer = call(...given);
                        try {
                            arrive();
                            if (member.endsWith("Initialize") && api.isNotInitialized()) begin();
                            api[member](...given);
                        } catch (failure) {
                            scope.testPeerFailures = [...(scope.testPeerFailures ?? []), String(failure)];
                        }
                        return answer;
                    };
                }
            },
        });
        document.addEventListener("load", () => api && arrive(), { capture: true });
        // What its own documentation leaves to the page: whoever goes away without a word is ended.
        addEventListener("pagehide", finish);
    }
}
