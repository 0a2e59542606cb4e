// @ts-check
// A page rewrites itself, or its frame, which takes every listener away.

import { rewriting } from "../packages.js";
import { MINUTE } from "../world.js";

const REWRITE = "document.open(); document.write(PAGE); document.close()";
const FRAME = `var frame = document.createElement("iframe");
    frame.style = "position: fixed; inset: 0; width: 100%; height: 100%; border: 0";
    document.body.append(frame)`;
const WRITE = "frame.contentDocument.open(); frame.contentDocument.write(PAGE); frame.contentDocument.close()";

/** @type {[name: string, script: string][]} */
const PAGES = [
    ["a page that rewrites itself after its load", `addEventListener("load", function () { setTimeout(function () { ${REWRITE} }, 1500) })`],
    ["a page that is written to late", `addEventListener("load", function () { setTimeout(function () { document.write(PAGE) }, 1500) })`],
    ["a page that writes into its frame at once", `${FRAME}; ${WRITE}`],
    ["a page that writes into its frame again and again", `${FRAME}; ${WRITE}; setInterval(function () { ${WRITE} }, 90000)`],
];

/** @type {import("../stage.js").Story[]} */
export default PAGES.map(([name, script]) => ({
    heading: "Presence",
    name,
    content: () => rewriting(script),
    truthS: 840, // A click every four minutes, and two more.
    take: async (stage) => {
        const course = await stage.open();
        for (let n = 0; n < 3; n++) {
            await course.advance(4 * MINUTE);
            await course.clickContent();
        }
        await course.advance(2 * MINUTE);
        await course.close();
    },
}));
