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
 * Watches for signs of the learner.
 *
 * @param {Window} page The player's window; every frame in it that can be reached is watched, however deep.
 * @param {() => void} onSign
 * @param {ReturnType<typeof import("./media.js").follow>} media Is told of every frame.
 * @returns {{ look: () => void, stop: () => void }} `look`, once a second, finds new documents.
 */
export function watch(page, onSign, media) {
    const seen = new WeakSet();
    const stop = new AbortController();
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

    const options = { capture: true, passive: true, signal: stop.signal };

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
        }
        if (window !== page) media.enter(window);
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
        return all;
    };

    const look = () => {
        // Of a frame that cannot be reached, the browser still says that somebody clicked or typed in it.
        if (!reach(page, enter) && page.navigator.userActivation?.isActive) onSign();
    };
    look();
    const leave = () => {
        stop.abort();
        reach(page, media.leave);
    };
    return { look, stop: leave };
}
