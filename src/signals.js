// @ts-check
// What shows that the learner is there: events in every document that can be reached, and visibility.
//
// What a package does by itself (calls of the API, timers, scripted scrolling) shows nothing.

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
export function watch(page, { onSign, onSight, onSecond, media }) {
    const seen = new WeakSet();
    /** @type {Set<Window>} */
    const opened = new Set();
    const stop = new AbortController();
    const { signal } = stop;
    // Asks for a look before anything else happens that waits for its turn.
    const { port1: asked, port2: soon } = new MessageChannel();
    let byHandAt = -Infinity;
    let noticedAt = -Infinity;

    /** @param {Event} event */
    const heard = (event) => {
        if (!event.isTrusted) return;
        const now = performance.now();
        if (BY_HAND.includes(event.type)) byHandAt = now;
        else if (now - byHandAt > SHORTLY_MS) return;
        if (MOVEMENT.includes(event.type) && now - noticedAt < MOVEMENT_MS) return;
        noticedAt = now;
        onSign();
    };

    const options = { capture: true, passive: true, signal };

    /** A frame is entered before content hears that it is there. @param {Event} event */
    const loaded = ({ target }) => {
        if (/** @type {HTMLIFrameElement} */ (target).contentWindow) reach(page, enter);
    };

    /** @param {Window} window */
    const enter = (window) => {
        const { document } = window;
        if (!seen.has(document)) {
            seen.add(document);
            for (const type of [...BY_HAND, ...AFTERWARDS]) document.addEventListener(type, heard, options);
            document.addEventListener("load", loaded, options);
            if (window !== page) follow(window);
            if (opened.has(window)) {
                document.addEventListener("visibilitychange", onSight, { signal });
                window.setInterval(() => signal.aborted || onSecond(), 1000);
            }
        }
        if (window !== page) media.enter(window);
    };

    /**
     * Learns of the windows that content opens. What it calls is the same to it as before.
     *
     * @param {Window} window
     */
    const follow = (window) => {
        // The next document of the frame is to be known before its own scripts run.
        window.addEventListener("pagehide", () => soon.postMessage(0), { signal });
        if (seen.has(window.open)) return;
        window.open = new Proxy(window.open, {
            apply(open, self, given) {
                const made = Reflect.apply(open, self, given);
                if (made) opened.add(made);
                soon.postMessage(0);
                return made;
            },
        });
        seen.add(window.open);
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
        if (within?.contentWindow && !seen.has(within.contentDocument)) {
            reach(within.contentWindow, visit);
            all = false;
        }
        return all;
    };

    const look = () => {
        let isVisible = false;
        for (const window of [page, ...opened]) {
            try {
                if (!reach(window, enter)) {
                    media.meet(() => [page, ...opened]);
                    // Of a frame that cannot be reached, the browser still says that somebody clicked or typed in it.
                    if (window.navigator.userActivation?.isActive) onSign();
                }
                if (window.closed) opened.delete(window);
                else if (window.document.visibilityState === "visible") isVisible = true;
            } catch { /* A window of another origin: nothing can be known of it. */ }
        }
        return isVisible;
    };
    asked.onmessage = onSight;
    look();
    const leave = () => {
        stop.abort();
        for (const window of [page, ...opened]) {
            try {
                reach(window, media.leave);
            } catch { /* It is closed. */ }
        }
    };
    return { look, stop: leave };
}
