// @ts-check
// Names and titles with markup in them, on every page that shows them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { silent } from "./packages.js";
import { open, rows } from "./report_page.js";
import { giveKey, says, until, visible } from "./until.js";
import { World } from "./world.js";

const JSON_BODY = { "content-type": "application/json" };

/** @type {World} */
let world;
before(async () => void (world = await World.begin()));
after(() => world.end());

test("what is written in names and titles is shown, and is never a part of the page", async () => {
    const [script, image] = [`<script>document.title = "caught"</script>`, `"><img src="x" onerror="document.title = 'caught'">`];
    const title = script.replace("script>", "script >").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
    const plain = script.replace("script>", "script >");
    const topic = await world.importPackage(await silent("2004", title), image);
    const body = JSON.stringify({ learner: { id: image, name: image, groups: [plain] }, topic });
    const { url } = await world.api("/api/v1/launches", { method: "POST", body, headers: { ...JSON_BODY, "idempotency-key": "names" } });
    const player = await world.newTab();
    await player.goto(new URL(url, world.url).href);
    await until(player, "document.querySelector('#saving').textContent !== 'Opening …'");
    await says(player, plain);
    await says(player, image);
    assert.notEqual(await player.title(), "caught");
    await player.close();

    const page = await open(world, `?${new URLSearchParams({ course: image })}`);
    const [row = ""] = await rows(page);
    assert.ok(row.includes(plain) && row.includes(image), row);
    await page.click("tr.row .more button");
    await visible(page, ".visit");
    await page.evaluate("document.querySelector('#narrow').open = true; document.querySelector('#weeks').open = true");
    await says(page, "Show only");
    // What the page may be made of; whatever else were in it, would have come out of a name.
    assert.equal(await page.evaluate("document.querySelectorAll('main img, main script, main iframe, main b').length"), 0);
    assert.equal(await page.title(), "My Learning Report");
    await page.close();

    const packages = await world.newTab();
    await packages.goto(`${world.url}/packages/`);
    await giveKey(packages, world.key);
    await says(packages, plain);
    assert.equal(await packages.evaluate("document.querySelectorAll('main img, main script').length"), 0);
    await packages.close();
});
