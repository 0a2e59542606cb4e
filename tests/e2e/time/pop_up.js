// @ts-check
// Content goes on in a window that it opened, and that covers the player.

import assert from "node:assert/strict";
import { opening } from "../packages.js";
import { MINUTE } from "../world.js";

export default /** @type {import("../stage.js").Story[]} */ (/** @type {const} */ (["click", "load"]).map((when) => ({
    heading: "Presence",
    name: `content in a pop-up (opened at ${when}) that covers the player`,
    content: () => opening(when),
    // A minute before, nine in the other window with a touch every four, one more in the player: some window of the
    // visit is visible all the while.
    truthS: 660,
    take: async (stage) => {
        const opened = stage.popUp();
        const course = await stage.open();
        await course.advance(MINUTE);
        await course.click("Opening");
        await course.until("frames[0].document.title === 'Opening' && frames[0].isReady");
        if (when === "click") await course.clickContent();
        assert.match(await course.inContent("open.name + open"), /^openfunction.*native code/, "content sees what it saw before");
        const popUp = await opened;
        await course.until("document.visibilityState === 'hidden'");
        for (let n = 1; n <= 2; n++) {
            await course.advance(4 * MINUTE);
            await popUp.mouse.move(100, 100 + n);
            await course.quiet();
        }
        await course.advance(MINUTE);
        await popUp.close();
        await course.until("document.visibilityState === 'visible'");
        await course.advance(MINUTE);
        await course.close();
    },
})));
