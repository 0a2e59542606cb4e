// @ts-check
// The binary that ships, on a machine whose clock says otherwise: Debian's libfaketime moves the wall clock
// and leaves the monotonic one alone.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { silent } from "./packages.js";
import { ROOT } from "./testbed.js";
import { MINUTE, SECOND } from "./world.js";

const FAKED = "2033-05-06 07:08:09";
const FAKED_MS = Date.UTC(2033, 4, 6, 7, 8, 9);
const KEY = "a-key-for-one-story-which-is-long-enough";

/** @param {string} data */
function serve(data) {
    const binary = process.env.SEATTIME_BIN ?? join(ROOT, "target/release/seattime");
    // A group of its own: faketime stays beside what it starts, and both have to end.
    const server = spawn("faketime", [FAKED, binary, "serve", "--port", "0", "--data", data], {
        detached: true,
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, TZ: "UTC", FAKETIME_DONT_FAKE_MONOTONIC: "1", SEATTIME_API_KEY: KEY },
    });
    /** @type {Promise<string[]>} */
    const faces = new Promise((resolve, reject) => {
        /** @type {string[]} */ const named = [];
        server.once("error", reject);
        server.once("exit", () => reject(new Error("the server ended before it listened")));
        createInterface({ input: server.stdout }).on("line", (line) => {
            const found = /http:\/\/[\d.]+:\d+/.exec(line);
            if (found && named.push(found[0]) === 2) resolve(named);
        });
    });
    const end = async () => {
        const ended = new Promise((resolve) => server.once("exit", resolve));
        if (server.pid === undefined || server.exitCode !== null) return;
        process.kill(-server.pid, "SIGTERM");
        await ended;
    };
    return { faces, end };
}

test("the shipped server keeps a commit under the machine's own date", async () => {
    const data = mkdtempSync(join(tmpdir(), "seattime-shipped-"));
    const server = serve(data);
    try {
        const [url, runUrl] = await server.faces;
        /** @param {string} path @param {any} [body] @param {Record<string, string>} [headers] @returns {Promise<any>} */
        const ask = async (path, body, headers = {}) => {
            const method = body === undefined ? "GET" : "POST";
            const isBytes = body instanceof Uint8Array;
            const response = await fetch((path.startsWith("/run/") ? runUrl : url) + path, {
                method,
                body: body === undefined || isBytes ? body : JSON.stringify(body),
                headers: { "content-type": isBytes ? "application/zip" : "application/json", ...headers },
            });
            const answer = await response.json();
            assert.ok(response.ok, `${path}: ${response.status} ${JSON.stringify(answer)}`);
            return answer;
        };
        const authorization = `Bearer ${KEY}`;
        const { topic } = await ask("/api/v1/packages?course=Shipped", await silent("1.2"), { authorization });
        const launch = { learner: { id: "anna", name: "Anna" }, topic, mode: "continue" };
        const made = await ask("/api/v1/launches", launch, { authorization, "idempotency-key": "once" });
        // The binary carries its pages itself.
        for (const page of [made.url, `${runUrl}/pkg/seattime.js`, made.report_url, `${url}/login/`, `${url}/admin/`]) {
            assert.equal((await fetch(page)).status, 200, page);
        }
        const code = new URLSearchParams(new URL(made.url).hash.slice(1)).get("code");
        const visit = await ask("/run/v1/visits", { code });
        within(visit.server_ms, FAKED_MS, "the visit's server_ms");

        const receipt = await ask("/run/v1/commits", {
            v: 1, token: visit.token, visit: visit.visit, lease: visit.lease, seq: 3, partial: false, reason: "commit",
            // What the page thinks of the date is of no weight.
            sent_date_ms: 1_000_000_500, stretches: [{ n: 0, start_date_ms: 1_000_000_000, sent_at_ms: 500 }],
            sessions: [{
                n: 1, seq: 3, kind: "sco", activity: visit.activities[0].id, try: 1, entry: "ab-initio", state: "running",
                span: [[0, 0, 500]], reported: { state: "unset" }, set: { "cmi.core.lesson_status": ["completed", 2] },
            }],
            time: { evidence: [[0, 0, 0, "page"]], visible: [[0, 0, 500]], med: [], med_bg: [] },
            media: [],
            totals: { measured_ms: 500, media_ms: 0, credited_ms: 500 },
        });
        assert.deepEqual([receipt.acked, receipt.refused ?? []], [3, []]);
        within(receipt.server_ms, FAKED_MS, "the receipt's server_ms");

        const { as_of_ms, rows } = await ask("/api/v1/report", undefined, { authorization });
        within(as_of_ms, FAKED_MS, "the report's as_of_ms");
        assert.equal(rows.length, 1);
        assert.equal(rows[0].status, "completed");
        within(rows[0].last_visit_ms, FAKED_MS, "last visit");
        assert.ok(rows[0].time_spent_ms <= as_of_ms - rows[0].first_visit_ms, "no more than the server saw");
    } finally {
        await server.end();
        rmSync(data, { recursive: true, force: true, maxRetries: 5 });
    }
});

/** @param {number} actualMs @param {number} fromMs @param {string} what */
function within(actualMs, fromMs, what) {
    const isWithin = fromMs - SECOND <= actualMs && actualMs < fromMs + MINUTE;
    assert.ok(isWithin, `${what} is ${new Date(actualMs).toISOString()}, expected ${FAKED}`);
}
