// @ts-check
// Keys and accounts, for administrators.

import { part, say } from "../shared/page.js";
import { beginAccounts, showAccounts } from "./accounts.js";
import { send, trouble } from "./asking.js";
import { beginKeys, showKeys } from "./keys.js";

/** @param {string} title @param {string} [text] */
function tell(title, text = "") {
    part("state").hidden = title === "";
    part("state").classList.toggle("loading", title.endsWith("…"));
    say(part("state-title"), title);
    say(part("state-text"), text);
}

async function show() {
    tell("Loading …");
    part("again").hidden = true;
    const me = await send("GET", "/api/v1/me");
    if (me.status === 401) {
        location.replace(`/login/?next=${encodeURIComponent(location.pathname)}`);
        return;
    }
    if (me.status === 0 || me.status >= 500) {
        tell("The server cannot be reached", "Please check your connection, then try again.");
        part("again").hidden = false;
        return;
    }
    say(part("me"), `${me.answer.name} · ${me.answer.tenant}`);
    part("leave").hidden = false;
    part("ways").hidden = false;
    if (me.answer.role !== "admin") {
        tell("This page is for administrators", "You may read the learning report.");
        return;
    }
    await Promise.all([showKeys(), showAccounts(me.answer.name)]);
    tell("");
    part("parts").hidden = false;
}

part("leave").addEventListener("click", () => {
    void send("POST", "/logout").then(({ status }) => (status < 400 && status > 0 ? location.assign("/login/") : trouble("You could not be logged out. Please try again.")));
});
part("again-button").addEventListener("click", () => void show());
beginKeys();
beginAccounts();
void show();
