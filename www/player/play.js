// @ts-check
// Launches content and shows it, with the truth about saving and time.

import { LaunchError, launch } from "../../pkg/seattime.js";
import { TOKEN, part, say } from "../shared/page.js";
import { clock, spent } from "../shared/time.js";

/** @typedef {import("../../pkg/seattime.js").Visit} Visit */
/** @typedef {import("../../pkg/seattime.js").Saving} Saving */

const frame = /** @type {HTMLIFrameElement} */ (part("content"));
const DONE = ["completed", "passed", "failed", "browsed"];
/** What each activity's button says below its title. @type {HTMLElement[]} */
const standing = [];

/** @param {string} text @param {string} [more] */
function message(text, more = "") {
    say(part("message-text"), text);
    say(part("message-more"), more);
    part("message").hidden = false;
    frame.hidden = true;
}

/** @param {Saving} saving */
function onSaving(saving) {
    const line = part("saving");
    line.classList.toggle("unsaved", saving.state === "unsaved" || saving.state === "stopped");
    const count = saving.refused?.length ?? 0;
    const refused = count ? ` (${count} ${count === 1 ? "value was" : "values were"} not kept: ${saving.refused?.[0].element})` : "";
    if (saving.state === "saved") say(line, `Saved at ${clock(saving.atMs ?? Date.now())}${refused}`);
    if (saving.state === "saving" && !line.textContent?.startsWith("Saved")) say(line, "Saving …");
    if (saving.state === "unsaved") {
        const at = clock(Date.now() + (saving.retryInMs ?? 0));
        say(line, `Not saved: ${saving.detail}. It is kept on this computer and sent again at ${at}.`);
    }
    if (saving.state === "stopped") {
        say(line, "Continued in another window");
        message("This course was continued in another window.", "Please go on there; you can close this one.");
        frame.removeAttribute("src");
    }
}

/** @param {{ measuredMs: number, isCounting: boolean }} second */
function onSecond({ measuredMs, isCounting }) {
    const pause = isCounting ? "" : " (paused: no sign of you for a while)";
    say(part("time"), `Time so far: ${spent(measuredMs)}${pause}`);
}

/** @param {Visit} visit */
function listActivities(visit) {
    const { activities } = visit.opened;
    part("list").hidden = activities.length < 2;
    /** @type {HTMLDetailsElement} */ (part("list")).open = matchMedia("(min-width: 601px)").matches;
    activities.forEach((activity, index) => {
        const button = document.createElement("button");
        const status = document.createElement("span");
        status.className = "quiet";
        status.textContent = activity.status;
        standing[index] = status;
        button.append(activity.title, status);
        button.style.paddingInlineStart = `${0.5 + activity.depth}rem`;
        button.addEventListener("click", () => void show(visit, index));
        const item = document.createElement("li");
        item.append(button);
        part("activities").append(item);
    });
}

/** @param {Visit} visit @param {number} index */
async function show(visit, index) {
    part("activities").querySelectorAll("button").forEach((button, n) => {
        if (n === index) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
    });
    frame.title = visit.opened.activities[index].title;
    part("message").hidden = true;
    frame.hidden = false;
    await visit.start(index);
}

/** @param {Visit} visit */
async function leave(visit) {
    /** @type {HTMLButtonElement} */ (part("leave")).disabled = true;
    message("Saving your work …");
    const isSaved = await visit.end();
    const { return_url } = visit.opened;
    if (isSaved && return_url && /^https?:/.test(return_url)) {
        location.replace(return_url);
        return;
    }
    part("list").hidden = true;
    part("leave").hidden = true;
    const kept = "Your work could not be sent yet. It is kept on this computer and sent when you open a course here again.";
    message("You can close this window.", isSaved ? "Everything is saved." : kept);
    const link = document.createElement("a");
    link.href = "/reports/my-learning";
    link.textContent = "My Learning Report";
    part("message-more").append(document.createElement("br"), link);
    if (isSaved) say(part("saving"), "Saved");
}

/** @param {unknown} failure */
function failed(failure) {
    say(part("saving"), "");
    if (!(failure instanceof LaunchError)) {
        console.error(failure);
        message("The course could not be opened in this browser.", "Please try again with a current browser.");
        return;
    }
    const again = "Please open the course again from where you found it.";
    message(
        failure.code === "offline" ? "The server cannot be reached." : `The course could not be opened: ${failure.message}.`,
        failure.code === "offline" ? "Please check your connection, and load this page again." : again,
    );
}

async function play() {
    const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? undefined;
    const launchToken = sessionStorage.getItem(TOKEN) ?? undefined;
    if (code === undefined && launchToken === undefined) {
        message("No course was launched.", "Please open a course from your learning platform.");
        say(part("saving"), "");
        return;
    }
    // The code works once; a reload goes on with the token.
    history.replaceState(null, "", location.pathname);
    const visit = await launch({
        frame,
        code,
        launchToken: code === undefined ? launchToken : undefined,
        onSaving,
        onSecond,
        onEnded: ({ activity, how }) => {
            const status = standing[visit.opened.activities.indexOf(activity)];
            if (how === "terminated" && status) say(status, "ended");
        },
    });
    sessionStorage.setItem(TOKEN, visit.launchToken);
    const { opened } = visit;
    document.title = opened.topic;
    say(part("course"), opened.course);
    say(part("topic"), opened.topic);
    if (opened.mode === "review" || opened.mode === "browse") {
        say(part("note"), `${opened.mode === "review" ? "Review" : "Preview"}: time is shown, not credited`);
        part("note").hidden = false;
    }
    part("leave").hidden = false;
    part("leave").addEventListener("click", () => void leave(visit), { once: true });
    say(part("saving"), "Ready");
    listActivities(visit);
    if (opened.activities.length === 0) {
        message("There is nothing to launch in this course.", "Please tell whoever sent you here.");
        return;
    }
    const next = opened.activities.findIndex((it) => !DONE.includes(it.status));
    await show(visit, Math.max(0, next));
}

play().catch(failed);
