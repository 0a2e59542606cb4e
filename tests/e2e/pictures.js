// @ts-check
// Looking at pages as people have them: on a desk, on a phone, in the dark.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), what is looked at is kept there as pictures.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { isAccessible } from "./axe.js";
import { ROOT } from "./testbed.js";

/** @typedef {{ page: import("puppeteer-core").Page, read: (expression: string) => Promise<any> }} Looked A tab of any world. */

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Where a picture of that name is kept; none where nobody asked for pictures. @param {string} name */
export function place(name) {
    const folder = process.env.SEATTIME_SCREENSHOTS;
    if (!folder) return undefined;
    mkdirSync(resolve(ROOT, folder), { recursive: true });
    return /** @type {`${string}.png`} */ (resolve(ROOT, folder, `${name}.png`));
}

/**
 * Looks at a page in every way: it fits, stands in nobody's way, and is kept as a picture where somebody asked.
 *
 * @param {Looked} looked
 * @param {string} name
 * @param {object} [other]
 * @param {{ width: number, height: number }} [other.phone]
 * @param {() => Promise<boolean>} [other.alsoFits] What else has to.
 * @param {(path: `${string}.png`, screen: string) => Promise<unknown>} [other.shoot]
 */
export async function lookAt(looked, name, { phone = PHONE, alsoFits, shoot = (path) => looked.page.screenshot({ path }) } = {}) {
    const { page } = looked;
    for (const [screen, size, colours] of /** @type {const} */ ([["desktop", DESKTOP, "light"], ["phone", phone, "light"], ["dark", DESKTOP, "dark"]])) {
        await page.setViewport(size);
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colours }]);
        const [wide, room] = await looked.read("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
        assert.ok(wide <= room, `${name} is ${wide} wide on a ${screen} of ${room}`);
        assert.equal((await alsoFits?.()) ?? true, true, `what is in ${name} is wider than its room on a ${screen}`);
        await isAccessible(page, `${name} on a ${screen}`);
        const path = place(`${name}-${screen}`);
        if (path) await shoot(path, screen);
    }
    await page.setViewport(DESKTOP);
    await page.emulateMediaFeatures([]);
}
