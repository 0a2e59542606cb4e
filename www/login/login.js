// @ts-check
// Logging in. Without this script the form does it, too; with it, the page says at once what is wrong.

import { part, say } from "../shared/page.js";

/** What went wrong, and what to do. @type {Record<string, string>} */
const TROUBLE = {
    login_failed: "There is no such name with this password. Please check both, or ask an administrator.",
    too_many_tries: "Too many tries. Please wait a minute, then try again.",
    cross_origin: "This page was opened at another address than the server's. Please open it there.",
};
const OTHER = "You could not be logged in. Please try again in a moment.";

const form = /** @type {HTMLFormElement} */ (part("login"));
const button = /** @type {HTMLButtonElement} */ (part("button"));

/** @param {string} text */
function tell(text) {
    part("trouble").hidden = text === "";
    say(part("trouble"), text);
}

/** Where to go afterwards: a path of this face. */
function next() {
    const asked = new URLSearchParams(location.search).get("next") ?? "";
    return asked.startsWith("/") && !asked.startsWith("//") && !asked.includes("\\") ? asked : "";
}

/** @param {SubmitEvent} event */
async function logIn(event) {
    event.preventDefault();
    button.disabled = true;
    tell("");
    const { name, password } = Object.fromEntries(new FormData(form));
    const response = await fetch("/login", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name, password }),
    }).catch(() => undefined);
    const answer = await response?.json().catch(() => undefined);
    if (response?.ok) {
        // A browser that did not keep it says so here, and not as an empty page later.
        const me = await fetch("/api/v1/me", { cache: "no-store" }).catch(() => undefined);
        if (me?.ok) {
            location.assign(next() || (answer.role === "admin" ? "/admin/" : "/reports/my-learning"));
            return;
        }
        tell("Your browser does not keep who you are for this address. Please open this page over https, or on this machine itself.");
    } else {
        tell(response ? TROUBLE[answer?.code] ?? OTHER : "The server cannot be reached. Please check your connection, then try again.");
    }
    button.disabled = false;
    part("password").focus();
}

/** @type {HTMLInputElement} */ (part("next")).value = next();
form.addEventListener("submit", (event) => void logIn(event));
const [sentBack] = Object.keys(TROUBLE).filter((it) => new URLSearchParams(location.search).has(it));
if (sentBack) tell(TROUBLE[sentBack] ?? OTHER);
part("name").focus();
