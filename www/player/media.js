// @ts-check
// A video or audio topic, in the player's frame: plays it, and shows what was seen of it so far.
//
// Its time and what is kept of it are the run-time's, which follows the element as it does in any content. What is
// drawn here comes from the server for the visits before, and from the browser for this one.

import { make, part, say } from "../shared/page.js";
import { Stream, isPlaylist } from "./hls.js";
import { Seen } from "./seen.js";

/**
 * @typedef {object} Topic What plays, and how much of it was seen in this attempt; times are in ms of media time.
 * @property {"video" | "audio"} kind
 * @property {string} source
 * @property {string} [captions]
 * @property {number} threshold In percent.
 * @property {number} duration_ms
 * @property {[start: number, end: number][]} covered
 * @property {number} position_ms
 */

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const STEP_S = 5;
/** Whoever left it this close to its end begins again. */
const END_S = 2;
const IDLE = "Paused: does not count";
/** What needs these keys itself. */
const WITH_KEYS = "input, select, textarea, button, summary, a, audio, video, [contenteditable]";

const speed = /** @type {HTMLSelectElement} */ (part("speed"));

/** @param {Topic} topic */
function play(topic) {
    const element = make(topic.kind === "audio" ? "audio" : "video");
    element.controls = true;
    element.preload = "metadata";
    element.tabIndex = 0;
    if (topic.kind === "video") /** @type {HTMLVideoElement} */ (element).playsInline = true;
    part("screen").className = topic.kind;
    part("screen").append(element);
    const seen = new Seen(topic.covered);
    /** Whether it was seen far enough; none before it is known. @type {boolean | undefined} */
    let isDone;

    const draw = () => {
        const { duration, currentTime, paused, ended, seeking } = element;
        if (!(duration > 0)) return;
        const isLive = duration === Infinity;
        part("seen").hidden = isLive;
        if (isLive) {
            say(part("progress"), "Live: there is no end to come to");
            return say(part("state"), paused ? IDLE : "");
        }
        const parts = seen.with(element.played);
        const coveredS = parts.reduce((sum, [start, end]) => sum + end - start, 0);
        const percent = Math.min(100, Math.floor((100 * coveredS) / duration));
        drawSeen(parts, duration, currentTime);
        const verb = topic.kind === "audio" ? "heard" : "seen";
        say(part("progress"), `${percent} % ${verb}; ${topic.threshold} % ${topic.threshold === 100 ? "is" : "are"} needed`);
        part("seen").setAttribute("aria-label", `${percent} % ${verb} so far`);
        const wasDone = isDone;
        isDone = (100 * coveredS) / duration >= topic.threshold;
        part("state").classList.toggle("done", isDone);
        if (isDone) say(part("state"), wasDone === false ? "Completed just now" : part("state").textContent || "Completed");
        else if (ended) say(part("state"), `What is not ${verb} yet is grey on the line above`);
        else say(part("state"), paused && !seeking ? IDLE : "");
    };

    element.addEventListener("loadedmetadata", () => {
        const atS = topic.position_ms / 1000;
        // What is live begins where it is by now.
        if (atS > 0 && atS < element.duration - END_S && element.duration < Infinity) element.currentTime = atS;
        draw();
    }, { once: true });
    for (const type of ["durationchange", "timeupdate", "play", "pause", "seeked", "ended"]) element.addEventListener(type, draw);
    element.addEventListener("playing", () => (part("trouble").hidden = true));
    element.addEventListener("ratechange", () => (speed.value = String(element.playbackRate)));
    element.addEventListener("error", () => stream?.takesOver() || trouble(REASONS[element.error?.code ?? 0] ?? REASONS[0]));
    speed.append(...SPEEDS.map((it) => {
        const option = make("option", it === 1 ? "1 (normal)" : String(it));
        option.value = String(it);
        return option;
    }));
    speed.value = "1";
    speed.addEventListener("change", () => (element.playbackRate = Number(speed.value)));
    // Before Chromium's own controls, which listen on the element whatever was prevented: they would undo what a key did.
    for (const type of /** @type {const} */ (["keydown", "keypress", "keyup"])) {
        document.addEventListener(type, (event) => onKey(event, element), true);
    }
    const stream = isPlaylist(topic.source) ? new Stream(element, topic, trouble) : undefined;
    if (!stream) element.src = topic.source;
    if (topic.captions) void caption(element, topic.captions);
    element.focus({ preventScroll: true });
}

/** What the browser says of a medium that it does not play, by the number of its error. @type {Record<number, string>} */
const REASONS = {
    0: "This cannot be played.",
    2: "The connection was lost. Please check it, then load this page again.",
    3: "This browser cannot play the file: it is damaged, or in a form that the browser does not know.",
    4: "The file was not found, or this browser cannot play it. Please tell whoever sent you here.",
};

/** @param {string} text */
function trouble(text) {
    say(part("trouble"), text);
    part("trouble").hidden = false;
}

/** @param {[start: number, end: number][]} parts @param {number} duration @param {number} position All in s. */
function drawSeen(parts, duration, position) {
    const share = (/** @type {number} */ s) => `${(100 * s) / duration}%`;
    const drawn = parts.map(([start, end]) => {
        const bar = make("i");
        bar.style.insetInlineStart = share(start);
        bar.style.width = share(end - start);
        return bar;
    });
    const here = make("b");
    here.style.insetInlineStart = share(position);
    part("seen").replaceChildren(...drawn, here);
}

/**
 * Shows captions: over a video where the browser draws them, below an audio.
 *
 * @param {HTMLMediaElement} element
 * @param {string} address
 */
async function caption(element, address) {
    try {
        const answer = await fetch(address, { credentials: "omit" });
        if (!answer.ok) throw new Error(`it was answered ${answer.status}`);
        // From here, so that they may lie on any host that lets them be read.
        const text = new Blob([await answer.text()], { type: "text/vtt" });
        const track = make("track");
        track.kind = "captions";
        track.label = "Captions";
        track.src = URL.createObjectURL(text);
        element.append(track);
        const isAudio = element.localName === "audio";
        track.track.mode = isAudio ? "hidden" : "showing";
        if (!isAudio) return;
        part("words").hidden = false;
        track.track.addEventListener("cuechange", () => {
            const cues = [.../** @type {any} */ (track.track.activeCues ?? [])];
            say(part("words"), cues.map((it) => it.getCueAsHTML().textContent).join("\n"));
        });
    } catch (error) {
        console.error(error);
        trouble("The captions could not be loaded; everything else works.");
    }
}

/** @param {HTMLMediaElement} element */
function toggleCaptions({ textTracks: [track], localName }) {
    if (!track) return;
    const words = part("words");
    if (localName === "audio") words.hidden = !words.hidden;
    else track.mode = track.mode === "showing" ? "hidden" : "showing";
}

/** @param {HTMLMediaElement} element @param {number} by */
function faster(element, by) {
    const now = SPEEDS.findIndex((it) => it >= element.playbackRate);
    element.playbackRate = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, now + by))];
}

/**
 * What a key does, unless what has the focus does something with it itself.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLMediaElement} element
 */
function onKey(event, element) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const focused = /** @type {Element} */ (event.target);
    const isTyping = focused !== element && focused.closest(WITH_KEYS) !== null;
    if (isTyping && (event.key.length > 1 || event.key === " " || focused.matches("select"))) return;
    const { volume, duration, currentTime } = element;
    /** @type {Record<string, () => unknown>} */
    const keys = {
        " ": () => (element.paused ? element.play() : element.pause()),
        ArrowLeft: () => (element.currentTime = Math.max(0, currentTime - STEP_S)),
        ArrowRight: () => (element.currentTime = Math.min(duration || 0, currentTime + STEP_S)),
        ArrowUp: () => (element.volume = Math.min(1, volume + 0.1)),
        ArrowDown: () => (element.volume = Math.max(0, volume - 0.1)),
        "<": () => faster(element, -1),
        ">": () => faster(element, 1),
        m: () => (element.muted = !element.muted),
        c: () => toggleCaptions(element),
        f: () => (document.fullscreenElement ? document.exitFullscreen() : element.requestFullscreen()),
    };
    keys.k = keys[" "];
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation(); // Of the document's other listeners, among them the run-time's, each hears it still.
    if (event.type !== "keydown") return;
    void Promise.resolve(act()).catch((error) => console.error(error));
}

/** @returns {Topic | undefined} What the player says; nobody else may say it. */
function told() {
    try {
        const text = decodeURIComponent(location.hash.slice(1));
        return parent !== window && parent.location.origin === location.origin && text ? JSON.parse(text) : undefined;
    } catch {
        return undefined;
    }
}

const topic = told();
if (topic) play(topic);
else trouble("Please open this from your learning platform.");
