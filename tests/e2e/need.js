// @ts-check
// Things outside the project that a test needs.

/**
 * Skips a test since something that it needs is missing; where `SEATTIME_REQUIRE` lists that (`adl,mount`), the test
 * fails.
 *
 * @param {import("node:test").TestContext} context
 * @param {string} need
 * @param {string} advice
 */
export function skip(context, need, advice) {
    const required = (process.env.SEATTIME_REQUIRE ?? "").split(",").map((it) => it.trim());
    if (required.includes(need)) throw new Error(`${need} is missing, and SEATTIME_REQUIRE requires it: ${advice}`);
    context.skip(`${need} is missing: ${advice}`);
}
