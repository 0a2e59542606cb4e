// @ts-check
// What earlier visits left in this browser: messages that no server has acknowledged. The run-time asks for this file only
// where there are some, and hands over what it needs of itself, so that no module is loaded twice.

// So many parts of long texts are on their way at once, which is what browsers open to one host.
const LANES = 6;
/** The lock that a page holds while its visit is open. */
const LOCK = "seattime:";

/**
 * Sends what earlier visits left, each with the token that it was written with.
 *
 * @param {Map<string, string[]>} found
 * @param {import("./launch.js").Send} post
 * @param {Pick<typeof import("./idb.js"), "forget" | "parsed">} idb
 * @param {() => void} onAnswer Is called whenever the server has answered.
 */
export async function sendAll(found, post, { forget, parsed }, onAnswer) {
    for (const [visit, messages] of found) {
        let isAskedAgain = false;
        /** @param {any} replay @returns {Promise<boolean>} Whether the server has it. */
        const replayed = async (replay) => {
            const isPart = replay.stretches === undefined;
            if (!isPart) {
                replay.reason = "replay";
                replay.sent_date_ms = Date.now();
                // When this page was loaded says nothing of when that one lived.
                for (const stretch of replay.stretches) delete stretch.sent_at_ms;
            }
            const { answer, problem } = await post(JSON.stringify(replay), false, isPart);
            if (problem?.status !== 0) onAnswer();
            isAskedAgain ||= Boolean((answer ?? problem?.body)?.need_full);
            if (answer || problem?.code === "superseded") return true;
            const isRefused = problem !== undefined && problem.status >= 400 && problem.status < 500;
            if (isRefused) console.error(`seattime: visit ${visit} was not taken: ${problem.detail}`);
            return false;
        };
        const send = async (/** @type {unknown} */ lock) => {
            if (lock === null) return; // Its page is alive, and sends it itself.
            // A server that was restored from a backup asks for all of it once more. What it asks for even then, it had
            // acknowledged before, so that nobody holds it any more.
            for (let round = 0; round < 2 && (round === 0 || isAskedAgain); round++) {
                isAskedAgain = false;
                /** @type {any[]} */
                let parts = [];
                for (const message of messages.map(parsed)) {
                    if (message === undefined) console.error(`seattime: what visit ${visit} left is not whole`);
                    else if (message.stretches === undefined) parts.push(message);
                    else {
                        // A commit names texts whose parts have to be there; those come in any order.
                        if (!(await inLanes(parts, replayed)) || !(await replayed(message))) return;
                        parts = [];
                    }
                }
            }
            await forget(visit);
        };
        await (navigator.locks ? navigator.locks.request(LOCK + visit, { ifAvailable: true }, send) : send(true));
    }
}

/**
 * Sends several messages at once.
 *
 * @param {any[]} messages
 * @param {(message: any) => Promise<boolean>} send
 * @returns {Promise<boolean>} Whether all of them got through; after one that did not, no more are begun.
 */
async function inLanes(messages, send) {
    const waiting = messages.values();
    let isGood = true;
    const lane = async () => {
        for (const message of waiting) {
            isGood = (await send(message)) && isGood;
            if (!isGood) return;
        }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return isGood;
}
