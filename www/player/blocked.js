// @ts-check
// What the browser keeps from the course, in words: requests to other hosts, dialogs, or the whole content.

import { part, say } from "../shared/page.js";
import { cover, uncover } from "./cover.js";
import { showStanding } from "./standing.js";

/** @typedef {import("../../pkg/seattime.js").Visit} Visit */

/** A page that is not there after this time is asked for once more, to say why. */
const PATIENCE_S = 5;
const ASK = "Please tell the people who gave you this course";

/** How many requests to each host were refused. @type {Map<string, number>} */
const hosts = new Map();

/** The host of an address, unless nothing of it says one. @param {string} url */
function hostOf(url) {
    const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: "", host: "" };
    return /^(http|ws)s?:$/.test(protocol) ? host : "";
}

/** @param {Visit} visit Whose content may be refused something. */
export function sayBlocked(visit) {
    visit.on("blocked", ({ url = "", dialog, text = "" }) => {
        if (dialog) return sayDialog(dialog, text);
        const host = hostOf(url);
        if (host === "") return;
        hosts.set(host, (hosts.get(host) ?? 0) + 1);
        const count = [...hosts.values()].reduce((sum, it) => sum + it, 0);
        const [first, ...others] = hosts.keys();
        const more = others.length === 0 ? "" : others.length === 1 ? ` and ${others[0]}` : ` and ${others.length} other websites`;
        const were = count === 1 ? "1 request of this course was" : `${count} requests of this course were`;
        const what = hosts.size === 1 ? "this website" : "these websites";
        say(part("blocked"), `Something may be missing: ${were} blocked, to ${first}${more}. ${ASK}: they can allow ${what}.`);
        console.warn(`seattime: a request to ${host} was blocked; an administrator can allow this host (external_hosts)`);
    });
}

/** @param {"alert" | "confirm" | "prompt"} dialog @param {string} text */
function sayDialog(dialog, text) {
    const words = `“${text.length > 200 ? `${text.slice(0, 200)} …` : text}”`;
    const what = dialog === "alert" ? `The course says: ${words}` : `The course asked ${words}, and your browser answered “Cancel”`;
    const why = "Your browser shows no dialogs of a course inside this page; in a window of its own it does.";
    say(part("blocked"), `${what}${dialog === "alert" ? " " : ". "}(${why})`);
}

/**
 * Says so where the frame shows no page of the course, but an error page of the browser or the server.
 *
 * @param {Visit} visit
 * @param {HTMLIFrameElement} frame
 */
export function sayUnreachable(visit, frame) {
    /** The address whose page was there: it may lead on to another website. */
    let reached = "";
    /** The address that is waited for, and for how many seconds. */
    let [awaited, seconds] = ["", 0];
    /** The address of which it was said that it is not shown. */
    let covered = "";
    const isReached = () => {
        const { URL: url = "about:blank", contentType = "" } = frame.contentDocument ?? {};
        if (url !== "about:blank" && !contentType.endsWith("problem+json")) reached = frame.src;
        if (covered !== "" && covered === reached) {
            covered = "";
            uncover();
        }
        return reached === frame.src;
    };
    /** @param {boolean} isLoaded Whether the frame has loaded whatever it shows. */
    const check = async (isLoaded) => {
        const address = frame.src;
        if (visit.loaded === undefined || address === "about:blank" || isReached()) return;
        const found = await reason(address);
        if (frame.src !== address || isReached()) return; // Something else was opened meanwhile.
        if (typeof found === "object") {
            showStanding("The course is not shown", "", true);
            cover(found[0], found[1], [{ text: "Try again", to: () => location.reload() }]);
            covered = address;
        } else if (isLoaded && found === "unknown") {
            say(part("blocked"), `If you see no course here, your browser or an extension of it blocks it. ${ASK}.`);
        }
    };
    frame.addEventListener("load", () => void check(true));
    // Firefox saves an answer that it cannot show, and loads nothing.
    visit.on("second", () => {
        if (isReached()) return;
        [awaited, seconds] = awaited === frame.src ? [awaited, seconds + 1] : [frame.src, 0];
        if (seconds === PATIENCE_S) void check(false);
    });
}

/**
 * Finds out why a page of the course is not shown.
 *
 * @param {string} address
 * @returns {Promise<[title: string, text: string] | "unknown" | undefined>} None where a viewer of the browser shows it.
 */
async function reason(address) {
    const answer = await fetch(address, { method: "HEAD", cache: "no-store" }).catch(() => undefined);
    if (!answer) {
        return ["The course could not be loaded.", "Please check your connection, and switch off whatever blocks this website in your browser. Then try again."];
    }
    if (!answer.ok) {
        return ["A page of this course is missing.", `The server answered ${answer.status} for ${new URL(address).pathname.split("/").slice(4).join("/")}. ${ASK}.`];
    }
    const { headers } = answer;
    const ancestors = /frame-ancestors[^;,]*/.exec(headers.get("content-security-policy") ?? "")?.[0];
    const options = headers.get("x-frame-options");
    if (!options && !ancestors) return /html|^$/.test(headers.get("content-type") ?? "") ? "unknown" : undefined;
    const found = options ? `X-Frame-Options: ${options}` : ancestors;
    return ["Your browser does not show this course inside another website.", `The course is sent with “${found}”. ${ASK}: they can allow this website by the option --embed-origins or the settings of a proxy, or open the course in a window of its own.`];
}

/**
 * Says so where the player itself is in a frame in which no course can work.
 *
 * @returns {boolean} Whether it is.
 */
export function isSandboxed() {
    if (window.origin !== "null") return false;
    showStanding("");
    const text = "The page around it shows it in a sandbox without “allow-same-origin”, where a course can neither reach the player nor save. "
        + `Please open it in a window of its own. ${ASK}, too.`;
    const open = () => {
        if (window.open(location.href) === null) cover("Your browser does not open a window here.", text);
    };
    cover("This course cannot run inside this page.", text, [{ text: "Open in a new window", to: open }]);
    return true;
}
