// @ts-check
// Media that play for longer than a test may: a real element whose position follows the test clock.

import { playing } from "./packages.js";

// What the browser would say of an element that plays; it tells its events, and what it is asked is up to the clock.
const BODY = `<div id="place"></div><script>
    function film(kind, duration, isLoop, isDetached) {
        const element = document.createElement(kind);
        const now = () => parent.testWorld.nowMs / 1000;
        let from = 0, since = now(), rate = 1, isPaused = true, isStuck = false, source = "/a/" + kind + "?secret=1";
        const position = () => {
            const at = isPaused || isStuck ? from : from + (now() - since) * rate;
            return isLoop ? at % duration : Math.min(at, duration);
        };
        const change = (act, event) => {
            [from, since] = [position(), now()];
            act();
            if (event) element.dispatchEvent(new Event(event));
        };
        const is = {
            currentSrc: () => "http://media.test" + source, duration: () => duration, playbackRate: () => rate, seeking: () => false,
            currentTime: position, ended: () => !isLoop && position() === duration, videoWidth: () => (kind === "video" ? 64 : 0),
            paused: () => isPaused || (!isLoop && position() === duration),
        };
        for (const [name, get] of Object.entries(is)) Object.defineProperty(element, name, { get });
        if (!isDetached) place.append(element);
        return Object.assign(element, {
            // Of an element that no document has, only that it is told to play is seen; it has nothing that it could.
            begin: () => isDetached ? (change(() => (isPaused = false)), void element.play().catch(() => {})) : change(() => (isPaused = false), "play"),
            halt: () => change(() => (isPaused = true), "pause"),
            stick: (is) => change(() => (isStuck = is), "waiting"),
            goTo: (to) => change(() => (from = to), "seeking"),
            goAt: (to) => change(() => (rate = to), "ratechange"),
            other: (name, long) => change(() => ([source, duration, from] = [name, long, 0]), "emptied"),
        });
    }
</script>`;

/** A package whose page can make such an element: `film(kind, duration in s, whether it loops, whether no document has it)`. @param {string} title */
export const filmed = (title) => playing(title, BODY);
