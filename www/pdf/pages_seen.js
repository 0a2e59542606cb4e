// @ts-check
// Which pages of a PDF were seen: a page is, once half of it has been visible for a second without a break.

/** A page has to be visible for this long, in ms. */
const LONG_ENOUGH_MS = 1000;
/** How often pages are looked at, in ms. */
const EVERY_MS = 250;
/** Looks further apart than this, in ms, mean that the page stood still meanwhile. */
const STOOD_STILL_MS = 1500;

/**
 * @typedef {object} Box A rectangle, in CSS pixels of the window.
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 */

/** @param {Box} one @param {Box} other @returns {number} The area that both share. */
function shared(one, other) {
    const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    return width > 0 && height > 0 ? width * height : 0;
}

/**
 * Keeps count. The run-time reads `window.seattimePdf` once a second.
 *
 * @param {HTMLElement} container What scrolls.
 * @param {number} count How many pages there are.
 * @param {(number: number) => HTMLElement | undefined} pageOf The element of a page, numbered from 1.
 * @param {() => number} current The number of the page in front.
 */
export function watchPages(container, count, pageOf, current) {
    /** Whether each page was seen; the first one is at 0. */
    const seen = new Uint8Array(count);
    const told = (/** @type {any} */ (window).seattimePdf = { pages: count, seen: /** @type {[number, number][]} */ ([]) });
    /** For how long each page has been visible, in ms. @type {Map<number, number>} */
    let visible = new Map();
    /** How much of the container the windows around this one show. @type {IntersectionObserverEntry | undefined} */
    let entry;
    const thresholds = Array.from({ length: 21 }, (_, n) => n / 20);
    // Without a root it is the topmost window: a frame may be scrolled out of sight in the page around it.
    new IntersectionObserver((all) => (entry = all.at(-1)), { threshold: thresholds }).observe(container);

    /** @returns {Box | undefined} The part of the container that is on the screen, as far as the browser says. */
    const shown = () => {
        if (document.visibilityState !== "visible" || !entry?.isIntersecting) return undefined;
        const all = container.getBoundingClientRect();
        if (entry.intersectionRatio > 0.99) return all;
        const { left, top, right, bottom } = entry.intersectionRect;
        return { left: Math.max(left, all.left), top: Math.max(top, all.top), right: Math.min(right, all.right), bottom: Math.min(bottom, all.bottom) };
    };

    /** @param {number} number @param {Box} room */
    const isVisible = (number, room) => {
        const box = pageOf(number)?.getBoundingClientRect();
        const part = box ? shared(box, room) : 0;
        // A page that is larger than the window counts while it fills half of that.
        return part > 0 && part >= Math.min(box ? box.width * box.height : 0, shared(room, room)) / 2;
    };

    let lastMs = performance.now();
    const look = () => {
        const nowMs = performance.now();
        const byMs = nowMs - lastMs > STOOD_STILL_MS ? 0 : nowMs - lastMs;
        lastMs = nowMs;
        /** @type {typeof visible} */
        const still = new Map();
        const room = shown();
        if (room) {
            for (const step of [-1, 1]) {
                for (let n = current() + (step > 0 ? 0 : -1), missed = 0; n >= 1 && n <= count && missed < 3; n += step) {
                    if (!isVisible(n, room)) missed++;
                    else still.set(n, (visible.has(n) ? byMs : 0) + (visible.get(n) ?? 0));
                }
            }
        }
        visible = still;
        let isNew = false;
        for (const [n, ms] of visible) {
            if (ms < LONG_ENOUGH_MS || seen[n - 1]) continue;
            seen[n - 1] = 1;
            isNew = true;
        }
        if (isNew) told.seen = ranges(seen);
    };
    setInterval(look, EVERY_MS);
}

/**
 * @param {Uint8Array} seen
 * @returns {[number, number][]} From the first page to the one behind the last, counted from 0.
 */
function ranges(seen) {
    /** @type {[number, number][]} */
    const found = [];
    seen.forEach((is, n) => {
        const last = found.at(-1);
        if (!is) return;
        if (last?.[1] === n) last[1] = n + 1;
        else found.push([n, n + 1]);
    });
    return found;
}
