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
 * @returns {{ look: () => void, stop: () => void }} `look`, once a second, finds new documents.
 */
export function watch(page, onSign) {
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

    /**
     * @param {Window} window
     * @returns {boolean} Whether everything in it can be reached.
     */
    const reach = (window) => {
        try {
            const { document } = window;
            if (!seen.has(document)) {
                seen.add(document);
                for (const type of [...BY_HAND, ...AFTERWARDS]) {
                    document.addEventListener(type, heard, { capture: true, passive: true, signal: stop.signal });
                }
            }
        } catch {
            return false; // Another origin.
        }
        let all = true;
        for (let n = 0; n < window.frames.length; n++) all = reach(window.frames[n]) && all;
        return all;
    };

    const look = () => {
        // Of a frame that cannot be reached, the browser still says that somebody clicked or typed in it.
        if (!reach(page) && page.navigator.userActivation?.isActive) onSign();
    };
    look();
    return { look, stop: () => stop.abort() };
}
