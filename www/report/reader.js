// @ts-check
// Who reads the report: a learner by a token, a trainer by a cookie, or whoever has an API key.

import { part, say } from "../shared/page.js";
import { ask } from "./state.js";

/**
 * @typedef {object} Reader
 * @property {string} [token] A token or key; without one, a cookie says who it is.
 * @property {boolean} isOwn Whether it is a learner, who reads their own rows.
 * @property {string} [name]
 * @property {string} [role] Of whoever is logged in.
 * @property {string[]} [groups] Of a trainer who sees no others.
 */

/** Where the report's own token is kept, for this tab. */
const TOKEN = "seattime.report";

/** Takes a token out of the address, where it would be seen and sent on. @returns {string | undefined} */
function fromAddress() {
    const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined;
    if (token === undefined) return undefined;
    history.replaceState(null, "", location.pathname + location.search);
    try {
        sessionStorage.setItem(TOKEN, token);
    } catch {
        // A browser that keeps nothing: the token lasts as long as the page.
    }
    return token;
}

/** @returns {string | undefined} */
function kept() {
    try {
        return sessionStorage.getItem(TOKEN) ?? undefined;
    } catch {
        return undefined;
    }
}

/** A token that is worth nothing any more is not tried again. */
export function forget() {
    try {
        sessionStorage.removeItem(TOKEN);
    } catch {
        // Then it was never kept.
    }
}

/**
 * Who is logged in here.
 *
 * @returns {Promise<{ reader?: Reader, canLogIn?: boolean }>} No reader, where somebody has to say first who they are.
 */
export async function whoIsLoggedIn() {
    const { response, answer } = await ask("/api/v1/me");
    if (response?.ok && answer?.role) {
        return { reader: { isOwn: answer.role === "learner", name: answer.name, role: answer.role, groups: answer.groups } };
    }
    return { canLogIn: response?.status === 401 };
}

/** Who reads the report: whoever came with a token, or is logged in. @returns {ReturnType<typeof whoIsLoggedIn>} */
export async function whoReads() {
    const token = fromAddress() ?? kept();
    return token === undefined ? whoIsLoggedIn() : { reader: { token, isOwn: true } };
}

/**
 * Says above the page who is logged in, where they may go from here, and out.
 *
 * @param {Reader | undefined} who Nobody, where a key or token says who reads.
 */
export function showWho(who) {
    const isLoggedIn = who?.role !== undefined;
    part("who").hidden = !isLoggedIn;
    part("ways").hidden = !isLoggedIn;
    if (!who || !isLoggedIn) return;
    say(part("who-name"), who.name ?? "");
    part("to-admin").hidden = who.role !== "admin";
    // What packages do is learnt from all learners, which not everybody sees.
    document.getElementById("to-packages")?.toggleAttribute("hidden", who.groups !== undefined);
    part("leave").onclick = async () => {
        const response = await fetch("/logout", { method: "POST" }).catch(() => undefined);
        if (response?.ok) location.assign("/login/");
        else say(part("who-name"), "You could not be logged out. Please try again.");
    };
}

/** The way to the login, and back to this page. */
export function offerLogin() {
    const link = /** @type {HTMLAnchorElement} */ (part("login-link"));
    link.href = `/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
    part("login").hidden = false;
}
