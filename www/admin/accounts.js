// @ts-check
// Accounts: a list, and a form that makes one or changes one.

import { cell, makeRow } from "../report/table.js";
import { make, part, say } from "../shared/page.js";
import { isFine, send, sureButton } from "./asking.js";

/** @typedef {{ name: string, role: string, groups?: string[], has_password: boolean, version: number }} Account */

const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (part(id));
const address = (/** @type {string} */ name) => `/api/v1/accounts/${encodeURIComponent(name)}`;

/** Which one is being changed; none, where one is made. @type {Account | undefined} */
let changed;
/** Whose page this is: nobody takes their own powers. */
let own = "";

/** Puts an account into the form, or empties it. @param {Account} [account] */
function fill(account) {
    changed = account;
    field("account-name").value = account?.name ?? "";
    field("account-name").disabled = account !== undefined;
    field("role").value = account?.role ?? "trainer";
    field("groups").value = account?.groups?.join("\n") ?? "";
    field("password").value = "";
    say(part("account-title"), account ? `Change ${account.name}` : "A new account");
    say(part("account-button"), account ? "Change the account" : "Make the account");
    say(part("password-label"), account ? "Another password, of 10 characters at least; the old one stays, if left empty" : "Password, of 10 characters at least; empty where a proxy logs in");
    part("account-cancel").hidden = account === undefined;
    ask();
}

/** Administrators see everybody. */
function ask() {
    part("of-groups").hidden = field("role").value === "admin";
}

/** @param {Account} account */
function draw(account) {
    const line = makeRow("row");
    const name = cell(line, "Name", account.name, "topic");
    if (account.name === own) name.append(make("span", "you", "quiet"));
    if (!account.has_password) name.append(make("span", "without a password", "quiet"));
    cell(line, "Role", account.role === "admin" ? "Administrator" : "Trainer", "role");
    cell(line, "Sees", account.groups ? account.groups.join(", ") || "nobody" : "all learners");
    const buttons = make("div");
    const change = make("button", "Change", "plain");
    change.setAttribute("aria-label", `Change ${account.name}`);
    change.addEventListener("click", () => {
        fill(account);
        part("account-title").focus();
    });
    buttons.append(change);
    if (account.name !== own) {
        buttons.append(sureButton("Delete", `Delete ${account.name}`, "Delete it for good", async () => {
            if (isFine(await send("DELETE", address(account.name), undefined, `"${account.version}"`))) await showAccounts(own);
        }));
    }
    cell(line, "", "", "more").append(buttons);
    return line;
}

/** @param {string} me */
export async function showAccounts(me) {
    own = me;
    const told = await send("GET", "/api/v1/accounts");
    if (!isFine(told)) return;
    const rows = told.answer.accounts.map(draw);
    const none = makeRow("row");
    cell(none, "Name", "Nobody logs in yet.");
    part("accounts").replaceChildren(...(rows.length > 0 ? rows : [none]));
}

export function beginAccounts() {
    part("role").addEventListener("change", ask);
    part("account-cancel").addEventListener("click", () => {
        fill();
        field("account-name").focus();
    });
    part("account").addEventListener("submit", async (event) => {
        event.preventDefault();
        const groups = field("groups").value.split("\n").map((it) => it.trim()).filter(Boolean);
        const isBound = field("role").value !== "admin" && groups.length > 0;
        const wanted = {
            role: field("role").value,
            ...(isBound ? { groups } : {}),
            ...(field("password").value ? { password: field("password").value } : {}),
        };
        const told = changed
            ? await send("PUT", address(changed.name), wanted, `"${changed.version}"`)
            : await send("POST", "/api/v1/accounts", { name: field("account-name").value, ...wanted });
        if (!isFine(told)) return;
        fill();
        await showAccounts(own);
        part("account-title").focus();
    });
    ask();
}
