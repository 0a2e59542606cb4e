// @ts-check
// Times as people read them.

/** @param {number} ms @returns {string} Such as `0h 15m 30s`, rounded down; more than nothing is at least a second. */
export function spent(ms) {
    const seconds = ms > 0 && ms < 1000 ? 1 : Math.floor(Math.max(0, ms) / 1000);
    return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`;
}

/** @param {number} ms Since 1970. @returns {string} In the reader's own form. */
export function moment(ms) {
    return new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** @param {number} ms Since 1970. @returns {string} */
export function clock(ms) {
    return new Date(ms).toLocaleTimeString(undefined, { timeStyle: "medium" });
}
