// @ts-check
// What plays inside content: every video and audio element, wherever it is, says where it stands while it plays.
//
// Events of media do not bubble, and they leave neither a shadow root nor an element that is in no document. So each
// document and each shadow root is listened to, and `play` and `attachShadow` of each frame tell of the rest.

import { hook, listen, unhook, unlisten } from "./hook.js";
import { guarded, note, put } from "./instance.js";
import * as wasm from "./wasm.js";

const CHANGES = ["play", "timeupdate", "pause", "seeking", "ratechange", "emptied"];

/**
 * Follows what plays.
 *
 * @returns {{ enter: (window: any) => void, meet: (windows: () => any[]) => void, leave: (window: any) => void, look: () => void }}
 *     `enter`, once a second for each frame's window, finds what is in it; `meet` is told that one of these windows
 *     has a frame that cannot be reached; `leave` gives the window back as it was, and ends all; `look` is called once a
 *     second, and before the page is shown or hidden.
 */
export function follow() {
    /** Elements that play: number, source, and number of what that is. @type {Map<HTMLMediaElement, { player: number, source?: string, item?: number }>} */
    const playing = new Map();
    /** How far each document had come when it was looked through, by its root: `document.open()` makes another one. @type {WeakMap<Node, string>} */
    const looked = new WeakMap();
    let players = 0;
    let isOver = false;
    /** What follows players of other origins, once there are frames of such. @type {ReturnType<typeof import("./players.js").follow> | undefined} */
    let others;
    let hasOthers = false;
    /** What hears Web Audio, once content uses it. @type {ReturnType<typeof import("./audio_context.js").hear> | undefined} */
    let sounds;
    /** @type {Promise<ReturnType<typeof import("./audio_context.js").hear>> | undefined} */
    let loading;

    /** The number of what plays. @param {string} key @param {number} kind 0: audio, 1: video, 2: nobody can tell. @param {number} duration */
    const named = (key, kind, duration) => {
        const name = () => wasm.media_item(put(key, 0), kind, duration * 1000);
        const item = guarded(name, 0);
        note(name);
        return item;
    };
    /** @param {number} player @param {number} item @param {number} position In s. @param {number} rate @param {number} state */
    const play = (player, item, position, rate, state) =>
        isOver || guarded(() => wasm.play(player, item, position * 1000, rate, state), undefined);

    /** @param {HTMLMediaElement} element */
    const sample = (element) => {
        const { currentSrc, duration, ownerDocument } = element;
        const plays = element.paused === false && !element.ended && ownerDocument.defaultView !== null;
        let it = playing.get(element);
        if (plays && !it) playing.set(element, (it = { player: players++ }));
        if (!it || isOver) return;
        if (it.source !== currentSrc && !isNaN(duration)) {
            // What has no address of its own is known by that of its page, and by its exact length.
            const hasAddress = currentSrc.startsWith("http");
            const [path] = (hasAddress ? currentSrc : ownerDocument.URL).replace(location.origin, "").split(/[?#]/);
            const key = `${path.slice(-1000)}#${duration.toFixed(hasAddress ? 0 : 3)}`;
            it.source = currentSrc;
            it.item = named(key, +(/** @type {HTMLVideoElement} */ (element).videoWidth > 0), duration);
        }
        const { player, item } = it;
        if (item !== undefined) {
            const root = /** @type {Document} */ (element.getRootNode());
            const state = +plays + 2 * +element.seeking + 4 * +(!element.muted && element.volume > 0) +
                8 * +(root.pictureInPictureElement === element);
            play(player, item, element.currentTime, element.playbackRate, state);
        }
        if (!plays) playing.delete(element);
    };

    const heard = (/** @type {Event} */ { target }) => sample(/** @type {HTMLMediaElement} */ (target));

    /** @param {Document | ShadowRoot} root */
    const open = (root) => {
        listen(root, CHANGES, heard);
        for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) open(shadowRoot);
    };
    /** @param {HTMLMediaElement} element */
    const adopt = (element) => {
        listen(element, CHANGES, heard);
        sample(element);
    };

    /** @param {any} window @returns {import("./hook.js").Hook[]} */
    const hooks = (window) => {
        const { HTMLMediaElement, Element, AudioNode, Object } = window;
        // A window is the same object after it went to another page.
        const isThere = () => !window.closed && window.Object === Object;
        /** @param {boolean} isConnected @returns {(...call: [any, any, any[], Function]) => void} */
        const connected = (isConnected) => (...call) => {
            loading ??= import("./audio_context.js").then((it) => (sounds = it.hear(() => named(`${location.pathname}#sound`, 0, 0), play, () => players++)));
            loading.then((it) => it.note(isThere, isConnected, ...call)).catch(() => {});
        };
        return [
            [HTMLMediaElement.prototype, "play", adopt],
            [Element.prototype, "attachShadow", (_, root) => root && open(root)],
            ...(AudioNode ? /** @type {import("./hook.js").Hook[]} */ ([
                [AudioNode.prototype, "connect", connected(true)],
                [AudioNode.prototype, "disconnect", connected(false)],
            ]) : []),
        ];
    };

    return {
        enter(window) {
            hooks(window).forEach(hook);
            const { document } = window;
            const root = document.documentElement ?? document;
            listen(document, CHANGES, heard);
            if (looked.get(root) === document.readyState) return;
            looked.set(root, document.readyState);
            open(document);
        },
        meet(windows) {
            if (!hasOthers) import("./players.js").then((it) => (others = it.follow(windows, named, play, () => players++)), () => {});
            hasOthers = true;
        },
        leave(window) {
            others?.stop();
            isOver = true;
            hooks(window).forEach(unhook);
            unlisten(window.document, CHANGES, heard);
        },
        look() {
            others?.look();
            sounds?.look();
            for (const element of playing.keys()) {
                try {
                    sample(element);
                } catch {
                    playing.delete(element); // Content made it something else.
                }
            }
        },
    };
}
