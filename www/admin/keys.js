// @ts-check
// Keys of the API: a list, and a form for a new one. A key is shown once.

import { cell, makeRow } from "../report/table.js";
import { make, part } from "../shared/page.js";
import { moment } from "../shared/time.js";
import { isFine, send, sureButton, trouble } from "./asking.js";

/** @typedef {{ id: string, name: string, scopes: string[], created_ms: number, old_until_ms?: number }} Key */

/** @type {Record<string, string>} */
const SCOPES = { launch: "launching", import: "bringing packages", report: "reading reports", admin: "everything" };

/** Shows a key, this once. @param {string} name @param {string} key */
function showOnce(name, key) {
    const close = make("button", "I have kept it", "plain");
    close.addEventListener("click", () => {
        part("shown").hidden = true;
        part("shown").replaceChildren();
        part("key-name").focus();
    });
    const text = make("p", `The key “${name}”. Keep it where your learning platform finds it: it is not shown again.`);
    part("shown").replaceChildren(text, make("code", key), close);
    part("shown").hidden = false;
    close.focus();
    part("shown").scrollIntoView({ block: "center" });
}

/** @param {Key} key */
function draw(key) {
    const line = makeRow("row");
    cell(line, "Name", key.name, "topic");
    cell(line, "May be used for", key.scopes.map((it) => SCOPES[it] ?? it).join(", "));
    const made = cell(line, "Made", moment(key.created_ms));
    if (key.old_until_ms) made.append(make("span", `the one before is good until ${moment(key.old_until_ms)}`, "quiet"));
    const buttons = make("div");
    buttons.append(
        sureButton("Renew", `Renew the key ${key.name}`, "Renew it: the old one ends in a day", async () => {
            const told = await send("POST", `/api/v1/keys/${encodeURIComponent(key.id)}/rotate`, {});
            if (!isFine(told)) return;
            await showKeys();
            showOnce(key.name, told.answer.key);
        }),
        sureButton("Delete", `Delete the key ${key.name}`, "Delete it: it ends now", async () => {
            if (isFine(await send("DELETE", `/api/v1/keys/${encodeURIComponent(key.id)}`))) await showKeys();
        }),
    );
    cell(line, "", "", "more").append(buttons);
    return line;
}

export async function showKeys() {
    const told = await send("GET", "/api/v1/keys");
    if (isFine(told)) part("keys").replaceChildren(...told.answer.keys.map(draw));
}

export function beginKeys() {
    const form = /** @type {HTMLFormElement} */ (part("new-key"));
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const name = /** @type {HTMLInputElement} */ (part("key-name")).value;
        const scopes = new FormData(form).getAll("scope");
        if (scopes.length === 0) {
            trouble("Please say what the key may be used for.");
            return;
        }
        const told = await send("POST", "/api/v1/keys", { name, scopes });
        if (!isFine(told)) return;
        form.reset();
        await showKeys();
        showOnce(told.answer.name, told.answer.key);
    });
}
