// @ts-check
// Launches content and shows it, with the truth about saving and time.

import { LaunchError, launch } from "../../pkg/seattime.js";
import { keepToken, keptToken, make, part, say } from "../shared/page.js";
import { asking } from "./asking.js";
import { isSandboxed, sayBlocked, sayUnreachable } from "./blocked.js";
import { cover, uncover } from "./cover.js";
import { showsPdf } from "./pdf.js";
import { showSaving, showSecond, showStanding } from "./standing.js";

/** @typedef {import("../../pkg/seattime.js").Visit} Visit */
/** @typedef {import("./cover.js").Way} Way */

const frame = /** @type {HTMLIFrameElement} */ (part("content"));
const list = /** @type {HTMLDetailsElement} */ (part("list"));
const leaveButton = /** @type {HTMLButtonElement} */ (part("leave"));
const nextButton = /** @type {HTMLButtonElement} */ (part("next"));
const isWide = matchMedia("(min-width: 601px)");
/** @type {Way} */
const TO_REPORT = { text: "My Learning Report", to: "/player/report", kind: "plain" };
const LAUNCH_AGAIN = "Please open the course again from your learning platform.";

/** Why a launch failed, and what to do, by its code. @type {Record<string, [string, string]>} */
const FAILURES = {
    launch_used: ["This link was used already.", `A course's link works once. ${LAUNCH_AGAIN}`],
    launch_expired: ["This link is too old.", `A course's link works for two minutes. ${LAUNCH_AGAIN}`],
    token_expired: ["This course was open for too long.", LAUNCH_AGAIN],
    token_invalid: ["This course cannot be continued here.", LAUNCH_AGAIN],
    not_found: ["There is no such launch.", LAUNCH_AGAIN],
    offline: ["The server cannot be reached.", "Please check your connection, then try again."],
};

/** Each activity's button, and what it says of how the activity stands. @type {[HTMLButtonElement, HTMLElement][]} */
const rows = [];
/** Number of the activity that was launched last, from 0. */
let current = 0;
/** Numbers of the activities that their content has ended. @type {Set<number>} */
const ended = new Set();
/** Whether one activity is being changed for another. */
let isChanging = false;
/** Whether another window took over. */
let isElsewhere = false;

/** After which nothing is expected of an activity. */
const FINAL = ["completed", "passed", "failed"];

const codeOf = () => new URLSearchParams(location.hash.slice(1)).get("code") ?? undefined;
const reload = () => location.reload();

async function play() {
    const code = codeOf();
    // A new launch: what was open here before is not to come back in its place.
    if (code !== undefined) keepToken(undefined);
    const launchToken = code === undefined ? keptToken() : undefined;
    if (code === undefined && launchToken === undefined) {
        showStanding("");
        cover("No course was launched.", "Please open a course from your learning platform.", [TO_REPORT]);
        return;
    }
    const visit = await launch({
        frame,
        code,
        launchToken,
    });
    sayBlocked(visit);
    sayUnreachable(visit, frame);
    visit.on("saving", (saving) => {
        showSaving(saving);
        if (saving.state === "stopped") stopped(saving.why);
    });
    const isMedia = visit.opened.activities.some((it) => it.kind === "media");
    visit.on("second", showSecond(visit.opened.policy, isMedia));
    if (visit.opened.pdfs_unseen) visit.on("second", () => (part("unseen").hidden = !showsPdf(frame)));
    // What plays needs no hand.
    if (visit.opened.asks_still_here && !isMedia) visit.on("second", asking(visit.opened.policy));
    visit.on("terminated", ({ activity }) => {
        const index = visit.opened.activities.indexOf(activity);
        ended.add(index);
        showStatus(visit, index);
    });
    visit.on("taken", ({ activity }) => showStatus(visit, visit.opened.activities.indexOf(activity)));
    visit.on("second", () => showStatus(visit, current));
    forgetCode();
    keepToken(visit.launchToken);
    const { opened } = visit;
    document.title = opened.topic;
    say(part("course"), opened.course);
    say(part("topic"), opened.topic);
    if (opened.mode === "review" || opened.mode === "browse") {
        say(part("note"), `${opened.mode === "review" ? "Review" : "Preview"}: time is shown, not credited`);
        part("note").hidden = false;
    }
    leaveButton.hidden = false;
    leaveButton.addEventListener("click", () => void leave(visit));
    showStanding("Ready");
    if (opened.activities.length === 0) {
        cover("There is nothing to take in this course.", "Please tell whoever sent you here.", [TO_REPORT]);
        return;
    }
    listActivities(visit);
    await show(visit, opened.start ?? 0);
}

/** Takes the code out of the address: it works once. */
function forgetCode() {
    history.replaceState(null, "", location.pathname + location.search);
}

/** @param {Visit} visit */
function listActivities(visit) {
    const { activities } = visit.opened;
    // A hidden activity counts as any other; only its title is not shown. Next reaches it.
    list.hidden = activities.filter((it) => it.is_visible !== false).length < 2;
    list.open = isWide.matches;
    nextButton.hidden = activities.length < 2;
    nextButton.addEventListener("click", () => void show(visit, current + 1).catch(failed));
    activities.forEach((activity, index) => {
        const button = make("button", activity.title);
        const status = make("span", activity.missing_file ? "missing" : activity.status, "quiet");
        button.append(status);
        button.style.paddingInlineStart = `${0.6 + Math.min(activity.depth, 5)}rem`;
        button.addEventListener("click", () => void show(visit, index).catch(failed));
        rows[index] = [button, status];
        const item = make("li");
        item.hidden = activity.is_visible === false;
        item.append(button);
        part("activities").append(item);
    });
}

/** Says how an activity stands: its record, and that its content has ended it where more is expected of it. @param {Visit} visit @param {number} index */
function showStatus(visit, index) {
    const [row, { missing_file }] = [rows[index], visit.opened.activities[index] ?? {}];
    if (row === undefined || missing_file) return;
    const status = visit.status(index);
    say(row[1], ended.has(index) && !FINAL.includes(status) ? `${status}, ended` : status);
}

/**
 * Launches an activity, if it is not the one that runs.
 *
 * @param {Visit} visit
 * @param {number} index
 */
async function show(visit, index) {
    const [button] = rows[index];
    if (isChanging || (button.hasAttribute("aria-current") && !ended.has(index))) return;
    isChanging = true;
    ended.delete(index);
    for (const [other] of rows) other.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
    showStatus(visit, index);
    if (!isWide.matches) list.open = false;
    const { activities } = visit.opened;
    [current, nextButton.disabled] = [index, index === activities.length - 1];
    frame.title = activities[index].is_visible === false ? "Course content" : activities[index].title;
    uncover();
    try {
        await visit.start(index);
    } finally {
        isChanging = false;
    }
}

/** @param {Visit} visit */
async function leave(visit) {
    leaveButton.disabled = true;
    list.hidden = nextButton.hidden = true;
    cover("Saving your work …");
    const isSaved = await visit.end().catch((error) => {
        console.error(error);
        return false;
    });
    leaveButton.hidden = true;
    const back = address(visit.opened.return_url);
    if ((isSaved || isElsewhere) && back) {
        location.replace(back);
        return;
    }
    if (isElsewhere) return; // That is said already.
    showStanding(isSaved ? "Saved" : "Not saved yet", "", !isSaved);
    const later = "Your work could not be sent yet. It waits in this browser, and is sent when you next open a course here.";
    const ways = back ? [{ text: "Go back", to: back }, TO_REPORT] : [TO_REPORT];
    cover("You can close this window.", isSaved ? "Everything is saved." : later, ways);
}

/** @param {string | undefined} text @returns {string | undefined} Where to go, if it is an address of the web. */
function address(text) {
    const url = text && URL.canParse(text) ? new URL(text) : undefined;
    return url && ["http:", "https:"].includes(url.protocol) ? url.href : undefined;
}

/** @param {string | undefined} why */
function stopped(why) {
    list.hidden = nextButton.hidden = true;
    leaveButton.hidden = true;
    // Content must not go on as if it were kept.
    frame.src = "about:blank";
    isElsewhere = why === "superseded";
    cover(
        isElsewhere ? "This course was continued in another window." : "This course cannot be continued here.",
        isElsewhere ? "Please go on there and close this one. What you did here is kept." : LAUNCH_AGAIN,
        isElsewhere ? [{ text: "Continue here instead", to: reload, kind: "plain" }] : [TO_REPORT],
    );
}

/** @param {unknown} failure */
function failed(failure) {
    showStanding("");
    /** @type {Way} */
    const again = { text: "Try again", to: reload };
    if (!(failure instanceof LaunchError)) {
        console.error(failure);
        cover("The course could not be opened.", "Please try again, or use a current browser.", [again]);
        return;
    }
    // Then the launch may not have been used up, and its code stays in the address for the next try.
    const isWorthAnotherTry = failure.code === "offline" || failure.status === 429 || failure.status >= 500;
    if (!isWorthAnotherTry) forgetCode();
    const [title, text] = FAILURES[failure.code] ?? ["The course could not be opened.", `It was answered: ${failure.message}.`];
    cover(title, text, isWorthAnotherTry ? [again] : [TO_REPORT]);
}

part("skip").addEventListener("click", (event) => {
    event.preventDefault(); // The address is left as it is.
    (frame.inert ? part("cover-title") : frame).focus();
});
// A launch into a window that shows this page already changes nothing but the fragment.
addEventListener("hashchange", () => codeOf() !== undefined && reload());
if (!isSandboxed()) play().catch(failed);
