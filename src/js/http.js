// @ts-check
// Requests to the server: what went through, what did not and what to do about it.

/**
 * @typedef {object} Problem Why a request did not go through.
 * @property {number} status Of HTTP; 0 where nothing came back.
 * @property {string} code A stable code of the server, or `offline`.
 * @property {string} detail For people.
 * @property {number} retryAfterMs How long the server asks to wait.
 * @property {any} body What else it said.
 */

// Longer than a server waits for a message and then writes it, which takes it 35 s at most; a slow link's few
// seconds come on top.
const PATIENCE_MS = 45_000;

// From so many characters on a message is packed on its way, where the browser can.
const LONG = 8000;
// Until a packed one does not get through, whoever on the way it was that would not have it.
let isPacking = "CompressionStream" in globalThis;

// So many requests in a row were not answered.
let unanswered = 0;

/**
 * Posts JSON.
 *
 * @param {string} url
 * @param {string} body
 * @returns {ReturnType<typeof once>}
 */
export async function post(url, body) {
    let packed;
    // While nobody answers, what is long goes in one way at a time: as it is, then packed, in turns.
    if (isPacking && body.length >= LONG && !(unanswered & 1)) {
        const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
        packed = await once(url, await new Response(stream).blob(), false, { "content-encoding": "gzip" });
        const { status, code } = packed.problem ?? {};
        // The same unpacked may get through; whoever asks to wait or says no is not asked again.
        const isOfPacking = status === 0 ? unanswered < 2 : status === 415 || (status === 400 && (code === "bad_gzip" || code === "failed"));
        if (!isOfPacking) return packed;
    }
    const plain = await once(url, body);
    if (packed) isPacking = plain.problem !== undefined; // What fails as it is, too, did not fail for having been packed.
    return plain;
}

/**
 * @param {string} url
 * @param {string | Blob} body
 * @param {boolean} [keepalive] Whether it has to outlive the page.
 * @param {Record<string, string>} [headers]
 * @returns {Promise<{ answer?: any, problem?: Problem }>} Never rejects.
 */
async function once(url, body, keepalive = false, headers = {}) {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
    try {
        const response = await fetch(url, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body,
            keepalive,
            credentials: "omit",
            cache: "no-store",
            signal: limit.signal,
        });
        unanswered = 0;
        // What is no JSON says nothing of what is safe: it was cut off, or comes from somebody on the way.
        const answer = await response.json().catch(() => undefined);
        if (response.ok && answer) return { answer };
        const { code = "failed", detail, title } = answer ?? {};
        console.warn(`seattime: ${url}: ${response.status} ${code}, request ${response.headers.get("x-request-id")}`);
        return {
            problem: {
                status: response.status,
                code: String(code),
                detail: String(detail ?? title ?? `the server answered ${response.status}`),
                retryAfterMs: Number(response.headers.get("retry-after")) * 1000 || 0,
                body: answer ?? {},
            },
        };
    } catch {
        unanswered++;
        const detail = "the server cannot be reached";
        return { problem: { status: 0, code: "offline", detail, retryAfterMs: 0, body: {} } };
    } finally {
        clearTimeout(timer);
    }
}

/**
 * Sends while the page goes away: a request that outlives it, or a beacon where that is refused.
 *
 * @param {string} url
 * @param {string} body
 * @returns {Promise<{ answer?: any, problem?: Problem }>}
 */
export async function postAndLeave(url, body) {
    // A request that is too large to outlive the page is refused at once, so the beacon is asked in time.
    const result = await once(url, body, new Blob([body]).size < 60_000);
    if (result.problem?.status === 0) navigator.sendBeacon?.(url, body);
    return result;
}
