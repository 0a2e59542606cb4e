// @ts-check
// What shows that the learner is there: events in every window that can be reached, and visibility.
//
// What a package does by itself (calls of the API, timers, scripted scrolling) shows nothing.

import { dialogs } from "./dialogs.js";
import { hook, listen, unhook, unlisten } from "./hook.js";
import { windows } from "./windows.js";
import { blockedIn } from "./blocked.js";
import { failuresIn } from "./failures.js";

// Whatever comes from a hand. Only what the browser itself made is heard.
const BY_HAND = ["pointerdown", "pointerup", "pointermove", "keydown", "wheel", "touchstart", "touchmove"];
// What may come from a script as well: heard only shortly after a hand.
const AFTERWARDS = ["scroll", "focusin", "selectionchange", "input"];
const SHORTLY_MS = 1000;
// Movement comes sixty times a second; four are enough.
const MOVEMENT_MS = 250;
const MOVEMENT = ["pointermove", "wheel", "touchmove", ...AFTERWARDS];

/**
 * @typedef {object} Heard What is told.
 * @property {() => void} onSign The learner gave a sign.
 * @property {() => void} onSight A window of the visit may have come into sight, or gone out of it.
 * @property {() => void} onSecond A second went by in a window that content opened: timers of a player that is covered
 * are slowed down.
 * @property {(isOpen: boolean) => void} onDialog A dialog of content opens, or was closed.
 * @property {(blocked: import("./blocked.js").Blocked) => void} onBlocked The browser refused something to content.
 * @property {() => void} onFailure A script of content could not be loaded, or failed.
 * @property {{ enter(window: Window): void, leave(window: Window): void }} [documents] As `media`, for PDFs.
 * @property {ReturnType<typeof import("./media.js").follow>} media Is told of every window but the player's.
 */

/**
 * Watches for signs of the learner.
 *
 * @param {Window} page The player's window; every frame in it that can be reached is watched, however deep, and every
 * window that one of them opened.
 * @param {Heard} heard
 * @returns {{ look: () => boolean, stop: () => void }} `look`, once a second, finds new documents, and answers whether
 * any of the windows is visible.
 */
export function watch(page, { onSign, onSight, onSecond, onDialog, onBlocked, onFailure, media, documents }) {
    const listenForBlocked = blockedIn(onBlocked);
    const listenForFailures = failuresIn(onFailure);
    const seen = new WeakSet();
    /** Frames in shadow roots, which no list has. @type {Set<Window>} */
    const sunken = new Set();
    /** Windows in which the browser knows of a click or a key. @type {WeakSet<Window>} */
    const activated = new WeakSet();
    /** Whether a window has a viewer of its own in it, such as that of PDFs, which no list of frames has. */
    let hasViewer = false;
    let isOver = false;
    // Asks for a look before anything else happens that waits for its turn.
    const { port1: asked, port2: soon } = new MessageChannel();
    const soonLook = () => soon.postMessage(0);
    const { opened, add, act, hooks } = windows(page, soonLook);
    let byHandAt = -Infinity;
    let noticedAt = -Infinity;

    /** @param {Event} event */
    const heard = (event) => {
        if (!event.isTrusted || isOver) return;
        const now = performance.now();
        if (BY_HAND.includes(event.type)) byHandAt = now;
        else if (now - byHandAt > SHORTLY_MS) return;
        if (MOVEMENT.includes(event.type) && now - noticedAt < MOVEMENT_MS) return;
        noticedAt = now;
        onSign();
    };

    /** A frame is entered before content hears that it is there. @param {Event} event */
    const loaded = ({ target }) => {
        if (/** @type {HTMLIFrameElement} */ (target).contentWindow) reach(page, enter);
    };

    // `document.open()` takes all listeners away, and every element with them; this stays, and is called soon after.
    const rewritten = new MutationObserver(onSight);

    /** @param {Window} window @param {typeof listen} change */
    const listeners = (window, change) => {
        const { document } = window;
        // What content stops at its window no document hears.
        change(window, [...BY_HAND, ...AFTERWARDS], heard);
        // Of a load, no window hears.
        change(document, ["load"], loaded);
        if (window === page) return;
        change(window, ["click", "submit"], act);
        // The next document of the frame is to be known before its own scripts run.
        change(window, ["pagehide"], soonLook);
        if (opened.has(window)) change(document, ["visibilitychange"], onSight);
    };

    /** @param {any} window @returns {import("./hook.js").Hook[]} */
    const hooksOf = (window) => [
        ...hooks(window),
        ...dialogs(window, onDialog, onBlocked),
        // With three arguments it opens a window; else it is heard before the scripts of the new page run.
        [window.Document.prototype, "open", (document, made) => {
            add(made);
            enter(document.defaultView);
        }],
    ];

    /** @param {Window} window */
    const enter = (window) => {
        const { document } = window;
        listeners(window, listen);
        hasViewer ||= document.querySelector("embed,object") !== null;
        if (!seen.has(document)) {
            seen.add(document);
            rewritten.observe(document, { childList: true });
            if (window !== page) hooksOf(window).forEach(hook);
            if (opened.has(window)) window.setInterval(() => isOver || onSecond(), 1000);
        }
        if (window !== page) {
            media.enter(window);
            documents?.enter(window);
            listenForBlocked(window);
            listenForFailures(window);
        }
    };

    /** @param {Window} window */
    const leave = (window) => {
        listeners(window, unlisten);
        if (window === page) return;
        hooksOf(window).forEach(unhook);
        media.leave(window);
        documents?.leave(window);
    };

    /**
     * @param {Window} window
     * @param {(window: Window) => void} visit
     * @returns {boolean} Whether everything in it can be reached.
     */
    const reach = (window, visit) => {
        try {
            visit(window);
        } catch {
            return false; // Another origin.
        }
        let all = true;
        for (let n = 0; n < window.frames.length; n++) all = reach(window.frames[n], visit) && all;
        // No list has the frames in shadow roots; where somebody is in one, it has the focus.
        let within = /** @type {any} */ (window.document.activeElement);
        while (within?.shadowRoot) within = within.shadowRoot.activeElement;
        const frame = within?.contentWindow;
        if (frame && !seen.has(within.contentDocument)) {
            sunken.add(frame);
            reach(frame, visit);
            all = false;
        }
        return all;
    };

    const look = () => {
        let isVisible = false;
        for (const window of sunken) {
            if (window.closed) sunken.delete(window);
            else reach(window, enter);
        }
        for (const window of [page, ...opened]) {
            try {
                hasViewer = false;
                const all = reach(window, enter);
                if (!all) media.meet(() => [page, ...opened]);
                // Of a frame that cannot be reached, the browser still says that somebody clicked or typed in it, and
                // goes on saying so for five seconds
                // (https://html.spec.whatwg.org/multipage/interaction.html#transient-activation-duration).
                const isActive = window.navigator.userActivation?.isActive;
                if (!isActive) activated.delete(window);
                else if (!activated.has(window)) {
                    activated.add(window);
                    if (!all || hasViewer) onSign();
                }
                if (window.closed) opened.delete(window);
                else if (window.document.visibilityState === "visible") isVisible = true;
            } catch { /* A window of another origin: nothing can be known of it. */ }
        }
        return isVisible;
    };
    asked.onmessage = onSight;
    look();
    const stop = () => {
        isOver = true;
        rewritten.disconnect();
        for (const window of [page, ...opened, ...sunken]) {
            try {
                reach(window, leave);
            } catch { /* It is closed. */ }
        }
    };
    return { look, stop };
}
