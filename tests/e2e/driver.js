// @ts-check
// How a tab is read and touched without leaving a trace: over Chromium's own protocol, or over WebDriver BiDi.
//
// Whatever puppeteer itself evaluates carries a user gesture, which the page would take for the learner's.

/** @typedef {import("puppeteer-core").Page} Page */

/**
 * @typedef {object} Driver
 * @property {(source: string) => Promise<void>} prepare What the next document begins with, in every frame.
 * @property {(expression: string) => Promise<any>} read Evaluates in the top window.
 * @property {() => Promise<void>} crash
 * @property {(isGone: boolean) => Promise<void>} loseNetwork
 * @property {(isFrozen: boolean) => Promise<void>} freeze
 */

/**
 * @param {Page} page
 * @param {(payload: string) => void} onCall Is told what a document passes to its function `testInStep`.
 * @returns {Promise<Driver>}
 */
export async function drive(page, onCall) {
    const isChrome = /chrome/i.test(await page.browser().version());
    return isChrome ? overCdp(page, onCall) : overBidi(page, onCall);
}

/** @param {Page} page @param {(payload: string) => void} onCall @returns {Promise<Driver>} */
async function overCdp(page, onCall) {
    const cdp = await page.createCDPSession();
    await cdp.send("Runtime.enable");
    await cdp.send("Page.enable");
    await cdp.send("Runtime.addBinding", { name: "testInStep" });
    cdp.on("Runtime.bindingCalled", ({ name, payload }) => name === "testInStep" && onCall(payload));
    /** @type {string | undefined} */ let before;
    return {
        prepare: async (source) => {
            const last = before;
            before = (await cdp.send("Page.addScriptToEvaluateOnNewDocument", { source })).identifier;
            if (last) await cdp.send("Page.removeScriptToEvaluateOnNewDocument", { identifier: last });
        },
        read: async (expression) => {
            const { result, exceptionDetails } = await cdp.send("Runtime.evaluate", {
                expression, awaitPromise: true, returnByValue: true, userGesture: false,
            });
            if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
            return result.value;
        },
        crash: async () => {
            const crashed = new Promise((resolve) => page.once("error", resolve));
            void cdp.send("Page.crash").catch(() => {}); // It cannot answer.
            await crashed;
        },
        freeze: async (isFrozen) => {
            await cdp.send("Page.setWebLifecycleState", { state: isFrozen ? "frozen" : "active" });
        },
        loseNetwork: async (isGone) => {
            await cdp.send("Network.enable");
            await cdp.send("Network.emulateNetworkConditions", { offline: isGone, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
        },
    };
}

/** @param {Page} page @param {(payload: string) => void} onCall @returns {Promise<Driver>} */
async function overBidi(page, onCall) {
    // Puppeteer's own evaluations are user activations here, too; its connection is not.
    const { connection } = /** @type {any} */ (page.browser());
    const context = /** @type {any} */ (page.mainFrame())._id;
    const channel = `testInStep-${context}`;
    connection.on("script.message", (/** @type {any} */ it) => it.channel === channel && onCall(it.data.value));
    await connection.send("session.subscribe", { events: ["script.message"], contexts: [context] });
    /** @type {string | undefined} */ let before;
    const unknown = () => Promise.reject(new Error("Firefox has no order for that"));
    return {
        prepare: async (source) => {
            const last = before;
            const { result } = await connection.send("script.addPreloadScript", {
                functionDeclaration: `(channel) => { globalThis.testInStep = channel; ${source} }`,
                arguments: [{ type: "channel", value: { channel } }],
                contexts: [context],
            });
            before = result.script;
            if (last) await connection.send("script.removePreloadScript", { script: last });
        },
        read: async (expression) => {
            const { result } = await connection.send("script.evaluate", {
                expression: `(async () => JSON.stringify(await (${expression})))()`,
                target: { context }, awaitPromise: true, resultOwnership: "none", userActivation: false,
            });
            if (result.type === "exception") throw new Error(`${expression}: ${result.exceptionDetails.text}`);
            return result.result.type === "string" ? JSON.parse(result.result.value) : undefined;
        },
        crash: unknown,
        loseNetwork: unknown,
        freeze: unknown,
    };
}
