// @ts-check
// Dialogs of content: how long they were open is told, and to content they are as they were.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bare } from "./bare.js";
import { WATCH } from "./evidence_page.js";

/** What content can find out about its dialogs without calling them. */
const LOOK = `JSON.stringify(["alert", "confirm", "prompt", "print", "open"].map((name) => {
    const { value, ...property } = Object.getOwnPropertyDescriptor(window, name);
    return [typeof value, value.name, value.length, value.toString(), String(value), value instanceof Function,
        Reflect.ownKeys(value), "prototype" in value, property];
}).concat(Object.keys(window).filter((it) => ["alert", "confirm", "prompt", "print", "open"].includes(it))))`;

for (const browser of /** @type {const} */ (["chrome", "firefox"])) {
    test(`dialogs are followed and are to content as they were, in ${browser}`, async () => {
        const bare = await Bare.open(browser);
        try {
            const before = await bare.page.evaluate(LOOK); // The player's own, which nobody follows.
            await bare.run(WATCH);
            const [content] = bare.page.mainFrame().childFrames();
            assert.equal(await content.evaluate(LOOK), before);
            bare.page.on("dialog", (dialog) => void (dialog.type() === "prompt" ? dialog.accept("Ann") : dialog.type() === "confirm" ? dialog.dismiss() : dialog.accept()));
            const answers = await content.evaluate(`(() => {
                const thrown = (call) => { try { return call(); } catch (error) { return error.message; } };
                return [alert("Read this") ?? null, confirm("Sure?"), (0, prompt)("Name?"), thrown(() => alert({ toString() { throw new Error("no text"); } }))];
            })()`);
            assert.deepEqual(answers, [null, false, "Ann", "no text"]);
            assert.deepEqual(await bare.page.evaluate("dialogs"), [true, false, true, false, true, false, true, false]);
            await bare.page.evaluate("watched.stop()");
            assert.equal(await content.evaluate(LOOK), before);
            await content.evaluate("alert('No longer')");
            assert.equal(await bare.page.evaluate("dialogs.length"), 8, "it goes on after its end");
        } finally {
            await bare.close();
        }
    });
}
