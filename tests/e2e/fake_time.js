// @ts-check
// The page's half of the test clock: what every frame begins with, and what the driver calls in it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const TIMERS = readFileSync(require.resolve("@sinonjs/fake-timers"), "utf8");

/**
 * The script that every document begins with.
 *
 * @param {number} presentMs The driver's time.
 */
export function injection(presentMs) {
    // The package is CommonJS, and asks for nothing in a browser but the global object.
    return `{
        const fakeTimers = (global) => {
            const module = { exports: {} };
            const require = (name) => {
                if (name === "@sinonjs/commons") return { global };
                throw new Error(name);
            };
            (function (module, exports, require) {${TIMERS}\n})(module, module.exports, require);
            return module.exports;
        };
        (${inject})(${presentMs}, fakeTimers);
    }`;
}

/**
 * What runs in every frame before any script. It is handed to the browser as text.
 *
 * @param {number} presentMs The driver's time, for a frame that has no parent to ask.
 * @param {(global: any) => any} fakeTimers Makes fake timers for a window.
 */
function inject(presentMs, fakeTimers) {
    const scope = /** @type {any} */ (globalThis);
    if (scope.testWorld) return; // The first document of a frame leaves its window to the next.
    const originalChannel = MessageChannel;
    let root = scope;
    try {
        while (root.parent !== root && root.parent.testWorld) root = root.parent;
    } catch { /* Another origin: this frame keeps its own time. */ }

    const startMs = root === scope ? presentMs : root.testWorld.nowMs;
    let setByMs = root === scope ? 0 : root.testWorld.setByMs;
    const clock = fakeTimers(scope).install({
        now: startMs + setByMs,
        toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
    });
    let sleptMs = 0;
    const awakeMs = scope.performance.now.bind(scope.performance);
    scope.performance.now = () => awakeMs() + sleptMs;

    /** @param {number} toMs */
    const tickTo = (toMs) => {
        const byMs = toMs + setByMs - clock.now;
        if (byMs > 0) clock.tick(byMs);
    };
    /** @param {number} toMs @param {boolean} isMonotonicRunning */
    const jumpTo = (toMs, isMonotonicRunning) => {
        if (isMonotonicRunning) sleptMs += toMs + setByMs - clock.now;
        clock.setSystemTime(toMs + setByMs);
    };
    /** @param {number} byMs */
    const moveDate = (byMs) => {
        setByMs += byMs;
        clock.setSystemTime(clock.now + byMs);
    };
    const own = (scope.testWorld = {
        nowMs: startMs, serverMs: startMs, pending: 0, begun: 0, setByMs, tickTo, jumpTo, moveDate,
        /** @type {(() => void)[]} */ held: [],
        /** @type {{ sent: any, packed?: number, status: number, answer: any }[]} */ answered: [],
    });
    const world = root.testWorld;

    // --- What is open: requests, bodies of answers, transactions ---

    const begin = () => {
        world.pending++;
        world.begun++;
        let isOpen = true;
        return () => {
            if (isOpen) world.pending--;
            isOpen = false;
        };
    };
    const originalFetch = scope.fetch;
    const fetchInStep = async (/** @type {any[]} */ ...request) => {
        const end = begin();
        try {
            // What is in step leaves at once: a page that goes away has no later.
            if (world.serverMs !== world.nowMs) {
                await new Promise((resolve) => {
                    // The first asks for all.
                    if (world.held.push(resolve) === 1) root.testInStep(String(world.nowMs));
                });
            }
            const response = await originalFetch(...request);
            const copy = response.clone();
            const body = request[1]?.body;
            const sent = body instanceof Blob ? await new Response(body.stream().pipeThrough(new DecompressionStream("gzip"))).text() : body;
            const packed = body instanceof Blob ? body.size : undefined;
            const note = { sent, packed, status: response.status, answer: await copy.json().catch(() => null) };
            if (typeof note.sent === "string") world.answered.push(note);
            return response;
        } finally {
            end();
        }
    };
    scope.fetch = fetchInStep;
    const originalJson = Response.prototype.json;
    Response.prototype.json = function () {
        const end = begin();
        return originalJson.call(this).finally(end);
    };
    const originalBlob = Response.prototype.blob;
    Response.prototype.blob = function () {
        const end = begin();
        return originalBlob.call(this).finally(end);
    };
    const originalTransaction = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (/** @type {any[]} */ ...of) {
        const end = begin();
        const made = /** @type {any} */ (originalTransaction).apply(this, of);
        for (const how of ["complete", "abort", "error"]) made.addEventListener(how, end);
        return made;
    };
    const originalOpen = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (/** @type {any[]} */ ...of) {
        const end = begin();
        const made = /** @type {any} */ (originalOpen).apply(this, of);
        for (const how of ["success", "error"]) made.addEventListener(how, end);
        return made;
    };
    if (root !== scope) return;

    // --- What the driver calls ---

    /** Lets everything run that needs no time. */
    const turn = () => new Promise((/** @type {(value?: any) => void} */ resolve) => {
        const { port1, port2 } = new originalChannel();
        port1.onmessage = () => {
            port1.close();
            resolve();
        };
        port2.postMessage(0);
    });
    /** @param {(of: any) => void} act @param {any} [window] */
    const everywhere = (act, window = scope) => {
        try {
            if (window.testWorld) act(window.testWorld);
            for (let n = 0; n < window.frames.length; n++) everywhere(act, window.frames[n]);
        } catch { /* Another origin. */ }
    };
    const quiet = async () => {
        for (let before = -1; own.pending > 0 || own.begun !== before;) {
            before = own.begun;
            await turn();
            await turn();
        }
    };
    Object.assign(own, {
        everywhere,
        quiet,
        /** @param {number} seconds */
        run: async (seconds) => {
            for (let n = 0; n < seconds; n++) {
                const before = own.begun;
                own.nowMs += 1000;
                everywhere((it) => it.tickTo(own.nowMs));
                if (own.begun !== before || own.pending > 0) await quiet();
            }
        },
        /** @param {number} atMs */
        inStep: (atMs) => {
            own.serverMs = atMs;
            for (const go of own.held.splice(0)) go();
        },
        /** @param {number} toMs @param {boolean} isMonotonicRunning */
        sleepUntil: (toMs, isMonotonicRunning) => {
            own.nowMs = toMs;
            own.serverMs = toMs;
            everywhere((it) => it.jumpTo(toMs, isMonotonicRunning));
        },
        /** @param {number} byMs Somebody sets the machine's clock. */
        setBy: (byMs) => {
            own.setByMs += byMs;
            everywhere((it) => it.moveDate(byMs));
        },
    });
    if (location.protocol === "data:") return; // It has no storage, and no past.
    // A page that comes back finds the time that it is, before anything else of it runs.
    for (const how of ["resume", "visibilitychange", "pageshow"]) {
        addEventListener(how, () => {
            const atMs = Number(localStorage.getItem("test-now"));
            if (atMs > own.nowMs) scope.testWorld.sleepUntil(atMs, true);
        }, { capture: true });
    }
}
