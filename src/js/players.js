// @ts-check
// Players of YouTube and Vimeo inside content, followed by the messages that they send; of other players that cannot be
// reached, that they are there. Asked for once content shows a frame of another origin.
//
// Nothing is ever told to a player but that somebody listens. Of what content itself made of a player, it sees nothing
// else than before.

/** What a player said of itself so far. @typedef {{ position?: number, duration?: number, rate: number, plays: boolean, moved: boolean, name?: string }} Said */

/**
 * @typedef {object} Kind A kind of player.
 * @property {(address: URL) => boolean} speaks Whether this one sends messages.
 * @property {(said: Said, message: any) => void} hear
 * @property {(message: any) => boolean} answers Whether it was heard.
 * @property {(window: any, frame: any) => string[]} ask What asks it to send them.
 * @property {number} fromS When it is first asked, in s after it was found.
 */

/** A number, if it is one. @param {unknown} it @param {number | undefined} otherwise */
const number = (it, otherwise) => (typeof it === "number" && it >= 0 ? it : otherwise);

/** Source: YouTube, IFrame Player API: its states are 1 while it plays, 0 at the end, 2 paused, 3 buffering. @type {Kind} */
const YOUTUBE = {
    speaks: ({ searchParams }) => searchParams.get("enablejsapi") === "1",
    hear(said, { event, info }) {
        if (event === "onStateChange") said.plays = info === 1;
        if (event === "onPlaybackRateChange") said.rate = number(info, 1) || 1;
        if ((event !== "infoDelivery" && event !== "initialDelivery") || typeof info !== "object" || !info) return;
        const { playerState, currentTime, duration, playbackRate, videoData } = info;
        if (typeof playerState === "number") said.plays = playerState === 1;
        if (typeof videoData?.video_id === "string") said.name = `/embed/${videoData.video_id}`;
        // The length of what is live grows while it plays.
        said.duration = videoData?.isLive ? Infinity : number(duration, said.duration);
        said.position = number(currentTime, said.position);
        said.rate = number(playbackRate, said.rate) || 1;
    },
    answers: () => true,
    // Who listens first gives the player its name. Where content has YouTube's own script, that is its part.
    ask: (window, { id }) => window.YT || window.document.querySelector("script[src*='youtube.com/iframe_api'],script[src*='youtube.com/player_api']")
        ? [] : [JSON.stringify({ event: "listening", id: id || "seattime", channel: "widget" })],
    fromS: 3, // Until then, content may begin to speak to it itself.
};

/** Source: Vimeo, Player SDK reference, events: each is asked for by its name, and comes with seconds and duration. @type {Kind} */
const VIMEO = {
    speaks: () => true,
    hear(said, { event, data }) {
        if (event === "play" || event === "playing") said.plays = true;
        // Heard of in the middle: its clock shows whether it plays.
        if (event === "timeupdate" && said.position === undefined) said.plays = true;
        if (event === "pause" || event === "ended") said.plays = false;
        if (event === "seeked") said.moved = true;
        if (event === "playbackratechange") said.rate = number(data?.playbackRate, 1) || 1;
        said.position = number(data?.seconds, said.position);
        said.duration = number(data?.duration, said.duration);
    },
    answers: ({ event, method }) => method === "addEventListener" || event === "timeupdate",
    ask: () => ["play", "playing", "pause", "ended", "timeupdate", "seeked", "playbackratechange"]
        .map((value) => JSON.stringify({ method: "addEventListener", value })),
    fromS: 1, // Whoever asks besides changes nothing.
};

/** Whose messages are believed: those of these origins, and no others. @type {Record<string, Kind>} */
const KINDS = {
    "https://www.youtube.com": YOUTUBE,
    "https://www.youtube-nocookie.com": YOUTUBE,
    "https://player.vimeo.com": VIMEO,
};

/** A player that said nothing for so long will not, in s. */
const SILENT_S = 15;
/** Shadow roots are looked for at the first look and at each so many. */
const DEEP = 5;
/** Messages come four times a second; a clock that was not heard of for so long is not believed to run, in ms. */
const LATE_MS = 2000;

/**
 * A frame that cannot be reached.
 *
 * @typedef {object} Embed
 * @property {any} frame
 * @property {any} window The window that it is in.
 * @property {string} source
 * @property {URL} address
 * @property {Kind | undefined} kind None if nothing of it is understood.
 * @property {Said} said
 * @property {number} player
 * @property {number} [item]
 * @property {string} [itemName]
 * @property {number} position Where it stood when it was last told.
 * @property {number} toldAt
 * @property {number} heardAt
 * @property {boolean} isPlaying What was last told.
 * @property {boolean} isAnswering
 * @property {boolean} isAsked Whether it was asked from here.
 * @property {number} looks How often it was looked at.
 * @property {boolean} isNoted
 */

/**
 * @param {() => any[]} windows The player's own window, and those that content opened.
 * @param {(key: string, kind: number, duration: number) => number} named The number of what plays; kind 1: a video, 2: nobody can tell.
 * @param {(player: number, item: number, position: number, rate: number, state: number) => void} play
 * @param {() => number} next A number for a player.
 */
export function follow(windows, named, play, next) {
    /** @type {Map<any, Embed>} By the frame's own window. */
    const embeds = new Map();
    const listened = new WeakSet();
    const stop = new AbortController();
    const [page] = windows();

    /** @param {Embed} embed @param {boolean} plays */
    const tell = (embed, plays) => {
        const { said, address } = embed;
        const { position, duration, rate, moved } = said;
        if (position === undefined || !duration) return;
        const name = said.name ?? address.pathname;
        if (embed.itemName !== name) {
            embed.itemName = name;
            embed.item = named(`${(address.origin + name).slice(0, 1000)}#${duration.toFixed(0)}`, 1, duration);
        }
        said.moved = false;
        [embed.position, embed.toldAt, embed.isPlaying] = [position, performance.now(), plays];
        play(embed.player, /** @type {number} */ (embed.item), position, rate, +plays + 2 * +moved);
    };

    /** @param {MessageEvent} event */
    const hear = ({ isTrusted, source, origin, data }) => {
        const embed = embeds.get(source);
        if (!isTrusted || !embed?.kind || origin !== embed.address.origin) return;
        let message = data;
        try {
            if (typeof data === "string") message = JSON.parse(data);
        } catch {
            return;
        }
        if (typeof message !== "object" || !message) return;
        const { said } = embed;
        const rate = said.rate;
        embed.heardAt = performance.now();
        embed.isAnswering ||= embed.kind.answers(message);
        embed.kind.hear(said, message);
        // A clock that is told in whole seconds stands still in between: what it says then is not that it stopped.
        const isSame = said.plays === embed.isPlaying && said.rate === rate && !said.moved && said.position === embed.position;
        if (isSame && performance.now() - embed.toldAt < LATE_MS) return;
        if (said.plays || embed.isPlaying) tell(embed, said.plays);
    };

    /** @param {any} window @param {any} frame */
    const meet = (window, frame) => {
        const { contentWindow, src } = frame;
        try {
            if (!contentWindow || contentWindow.document) return; // It can be reached.
        } catch { /* It cannot. */ }
        let embed = embeds.get(contentWindow);
        if (embed?.source !== src) {
            if (embed?.isPlaying) tell(embed, false);
            const address = new URL(src || "about:blank", frame.ownerDocument.baseURI);
            const kind = Object.hasOwn(KINDS, address.origin) ? KINDS[address.origin] : undefined;
            embed = {
                frame, window, source: src, address, kind: kind?.speaks(address) ? kind : undefined, said: { rate: 1, plays: false, moved: false },
                player: next(), position: -1, toldAt: 0, heardAt: 0, isPlaying: false, isAnswering: false, isAsked: false, looks: 0,
                // What may neither fill the screen nor play by itself is hardly a player.
                isNoted: !kind && !frame.allowFullscreen && !/autoplay|fullscreen|encrypted-media|picture-in-picture/.test(frame.allow),
            };
            embeds.set(contentWindow, embed);
            frame.addEventListener("load", () => {
                // Another page in it has to be asked anew; of one that content asked itself, that is content's part.
                const it = embeds.get(contentWindow);
                if (it?.isAsked) it.isAnswering = false;
            }, { signal: stop.signal });
        }
    };

    /** @param {Embed} embed */
    const ask = (embed) => {
        const { frame, window, kind, address } = embed;
        embed.looks++;
        if (embed.isPlaying && performance.now() - embed.heardAt > LATE_MS) tell(embed, false);
        if (embed.isAnswering) return;
        if (!kind || embed.looks > SILENT_S) {
            if (!embed.isNoted) named((address.origin + address.pathname).slice(0, 1000), 2, 0);
            embed.isNoted = true;
        }
        if (!kind || embed.looks < kind.fromS) return;
        embed.isAsked = true;
        for (const text of kind.ask(window, frame)) send(window, frame.contentWindow, text, address.origin);
    };

    /** @param {any} window */
    const enter = (window) => {
        let document;
        try {
            document = window.document;
        } catch {
            return;
        }
        // What else the page around content shows is no part of the course.
        if (window !== page) {
            if (!listened.has(document)) window.addEventListener("message", hear, { signal: stop.signal });
            listened.add(document);
            each(document, looks % DEEP === 0, (frame) => meet(window, frame));
        }
        for (let n = 0; n < window.frames.length; n++) enter(window.frames[n]);
    };

    let looks = 0;
    const look = () => {
        for (const [window, embed] of embeds) {
            const isThere = embed.frame.isConnected && embed.frame.contentWindow === window;
            if (isThere) ask(embed);
            else {
                if (embed.isPlaying) tell(embed, false);
                embeds.delete(window);
            }
        }
        for (const window of windows()) {
            try {
                enter(window);
            } catch { /* It was closed, or went elsewhere. */ }
        }
        looks++;
    };
    look();
    return { look, stop: () => stop.abort() };
}

/**
 * Every frame in a document.
 *
 * @param {any} root
 * @param {boolean} isDeep Whether also in its shadow roots.
 * @param {(frame: any) => void} visit
 */
function each(root, isDeep, visit) {
    for (const it of root.querySelectorAll("iframe")) visit(it);
    if (isDeep) for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) each(shadowRoot, isDeep, visit);
}

/**
 * Sends a message as from the window that a frame is in: players answer to that one.
 *
 * @param {any} window
 * @param {any} frame
 * @param {string} text
 * @param {string} origin
 */
function send(window, frame, text, origin) {
    try {
        new window.Function("frame", "text", "origin", "frame.postMessage(text,origin)")(frame, text, origin);
    } catch {
        frame.postMessage(text, origin); // Content lets nobody make functions of text.
    }
}
