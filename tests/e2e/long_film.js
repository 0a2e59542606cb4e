// @ts-check
// An element of content whose position follows the test clock: `film(kind, seconds, isLoop)` makes one.

// What the browser would say of an element that plays for longer than a test may; it tells its events, and what it is asked is up to the clock.
export const LONG_FILM = `<div id="place"></div><script>
    function film(kind, duration, isLoop) {
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
        place.append(element);
        return Object.assign(element, {
            begin: () => change(() => (isPaused = false), "play"),
            halt: () => change(() => (isPaused = true), "pause"),
            stick: (is) => change(() => (isStuck = is), "waiting"),
            goTo: (to) => change(() => (from = to), "seeking"),
            goAt: (to) => change(() => (rate = to), "ratechange"),
            other: (name, long) => change(() => ([source, duration, from] = [name, long, 0]), "emptied"),
        });
    }
</script>`;
