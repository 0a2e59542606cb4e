// @ts-check
// Sound without a media element: Web Audio. It has no length and no position, so it counts as audio of unknown length
// while it can be heard.
//
// Each node that is connected to a context's destination is connected to an analyser too, which goes nowhere. That
// changes nothing of the sound (https://webaudio.github.io/web-audio-api/#AnalyserNode: its output may be left
// unconnected). A context that runs may be silent, so its state alone shows nothing. This file is asked for once content
// connects a node.

/** Samples that are looked at once a second: the most that an analyser keeps, 0.7 s at 48 kHz. */
const SAMPLES = 32768;
/** -80 dB. */
const SILENCE = 1e-4;
/** A silence up to this long is a pause between two words, in ms. */
const PAUSE_MS = 1500;
/** A context's clock moves in steps, up to this long, in ms. */
const STEP_MS = 200;

/**
 * @typedef {object} Tap
 * @property {AnalyserNode} analyser
 * @property {Set<HTMLMediaElement>} elements Those that play through the context: each counts by itself.
 * @property {() => boolean} isThere Returns true while its page is.
 * @property {number} player
 * @property {number} [item]
 * @property {number} time The context's, when it was looked at last.
 * @property {number} lookedAt
 * @property {number} soundedAt
 * @property {number} position
 * @property {boolean} isPlaying
 */

/**
 * @param {() => number} named The number of what contexts play.
 * @param {(player: number, item: number, position: number, rate: number, state: number) => void} play
 * @param {() => number} next A number for a player.
 */
export function hear(named, play, next) {
    /** @type {Map<any, Tap>} */
    const taps = new Map();
    /** @type {any} */ let samples;

    /** @param {any} context @param {() => boolean} isThere */
    const tapOf = (context, isThere) => {
        const known = taps.get(context);
        if (known) return known;
        const analyser = context.createAnalyser();
        analyser.fftSize = SAMPLES;
        /** @type {Tap} */
        const made = {
            analyser, isThere, elements: new Set(), player: next(), time: 0, lookedAt: 0, soundedAt: -Infinity, position: 0, isPlaying: false,
        };
        taps.set(context, made);
        return made;
    };
    return {
        /**
         * Content connected a node, or disconnected it.
         *
         * @param {() => boolean} isThere
         * @param {boolean} isConnected
         * @param {any} self
         * @param {any} answer
         * @param {any[]} given
         * @param {Function} original
         */
        note(isThere, isConnected, self, answer, [other, output], original) {
            const { context, mediaElement } = self;
            const isHeard = other === context.destination;
            if (!isConnected) {
                // Where all outputs are disconnected, the analyser is, too.
                const tap = taps.get(context);
                if (tap && isHeard) Reflect.apply(original, self, [tap.analyser]);
                return;
            }
            // Nobody hears sound that is rendered into a buffer.
            if (!answer || context.startRendering) return;
            if (mediaElement) tapOf(context, isThere).elements.add(mediaElement);
            if (isHeard) Reflect.apply(original, self, [tapOf(context, isThere).analyser, output ?? 0]);
        },
        look() {
            const now = performance.now();
            for (const [context, it] of taps) {
                if (now - it.lookedAt < STEP_MS) continue;
                it.lookedAt = now;
                const { currentTime, state } = context;
                // A context that stands still has its last samples for ever.
                const runs = currentTime > it.time;
                it.time = currentTime;
                if (runs && ![...it.elements].some((one) => !one.paused)) {
                    it.analyser.getFloatTimeDomainData(samples ??= new Float32Array(SAMPLES));
                    let n = SAMPLES;
                    while (n > 0 && Math.abs(samples[n - 1]) <= SILENCE) n--;
                    if (n > 0) it.soundedAt = now - (SAMPLES - n) / context.sampleRate * 1000;
                }
                const silentMs = now - it.soundedAt;
                const sounds = runs && silentMs < STEP_MS;
                const ends = it.isPlaying && !(runs && silentMs < PAUSE_MS);
                // Its position is the time of the page, so that nothing is treated as a repetition.
                if (sounds) it.position = now;
                else if (ends) it.position = Math.max(it.position, it.soundedAt);
                if (sounds || ends) play(it.player, it.item ??= named(), it.position / 1000, 1, +sounds + 4);
                it.isPlaying = sounds || it.isPlaying && !ends;
                if (state === "closed" || !it.isThere()) taps.delete(context);
            }
        },
    };
}
