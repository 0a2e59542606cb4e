// @ts-check
// HLS: a film in pieces, which a playlist names. Where the browser does not play it by itself, hls.js does, which
// is asked for only then.

/** @typedef {import("./media.js").Topic} Topic */

const TYPE = "application/vnd.apple.mpegurl";
/** A length that is told anew while pieces come in is the same as long as it moves by less than this, in s. */
const SAME_S = 1;

const LOST = "The connection was lost. Please check it, then load this page again.";
const TELL = "Please tell whoever sent you here.";
/** What is said of what went wrong, of `IT`; the first that fits. @type {[what: RegExp, words: string][]} */
const REASONS = [
    [/^manifestParsing|^manifestIncompatible|^level(Parsing|Empty)/, `What lies at the address of IT is nothing that can be played. ${TELL}`],
    [/^manifestLoad|^levelLoad|^(audio|subtitle)TrackLoad/, `IT was not found. ${TELL}`],
    [/^frag(Load|Gap)/, `A part of IT was not found. What comes before and after it may still play. ${TELL}`],
    [/^key/i, `IT is locked, and this page has no key to it. ${TELL}`],
];
const UNPLAYABLE = `This browser cannot play IT. ${TELL}`;
/** Its host was not reached, or does not let pages of other hosts read it: browsers do not say which. */
const CLOSED = "IT could not be reached, or the server that it lies on does not let this page read it. Please check your connection; if it is good, tell whoever sent you here.";

/** Whether an address is that of a playlist. @param {string} address */
export const isPlaylist = (address) => /\.m3u8$/i.test(new URL(address, location.href).pathname);

/** What plays a playlist in an element. */
export class Stream {
    /** @type {HTMLMediaElement} */ #element;
    /** @type {Topic} */ #topic;
    /** @type {(text: string) => void} */ #tell;
    #isByScript = false;

    /**
     * @param {HTMLMediaElement} element
     * @param {Topic} topic
     * @param {(text: string) => void} tell Says what is wrong.
     */
    constructor(element, topic, tell) {
        [this.#element, this.#topic] = [element, topic];
        const name = `this ${topic.kind}`;
        this.#tell = (text) => tell(text.replace(/^IT/, `T${name.slice(1)}`).replace("IT", name));
        this.#name();
        if (element.canPlayType(TYPE)) element.src = topic.source;
        else void this.#byScript();
    }

    /** The browser cannot go on; whether somebody else does, or has said why not. */
    takesOver() {
        if (!this.#isByScript) void this.#byScript();
        return true;
    }

    /**
     * Has the element say what it plays. With hls.js it would name what the pieces are put into, which has another
     * address each time; and its length, as it is told anew with each piece, would be that of another film.
     */
    #name() {
        const { prototype } = HTMLMediaElement;
        const duration = /** @type {() => number} */ (Object.getOwnPropertyDescriptor(prototype, "duration")?.get);
        const address = new URL(this.#topic.source, location.href).href;
        let known = this.#topic.duration_ms / 1000;
        Object.defineProperty(this.#element, "currentSrc", { get: () => address });
        Object.defineProperty(this.#element, "duration", {
            get: () => {
                const now = duration.call(this.#element);
                if (!Number.isFinite(now)) return now;
                if (Math.abs(now - known) >= SAME_S) known = now;
                return known;
            },
        });
    }

    async #byScript() {
        this.#isByScript = true;
        const element = this.#element;
        // Where the browser gave up, it goes on.
        const { currentTime } = element;
        try {
            const { default: Hls } = await import("../../pkg/hls.js");
            if (!Hls.isSupported()) return this.#tell(UNPLAYABLE);
            // Without a worker: the page's policy has none, and what it would do is little.
            const hls = new Hls({ enableWorker: false, liveDurationInfinity: true, startPosition: currentTime || -1 });
            let isMended = false;
            /** Why the next piece is not there. @type {string | undefined} */
            let missing;
            hls.on(Hls.Events.ERROR, (_, { fatal, type, details, response }) => {
                const isNetwork = type === Hls.ErrorTypes.NETWORK_ERROR;
                const why = words(isNetwork, details, response?.code);
                if (isNetwork) missing = why;
                if (!fatal) return;
                if (type === Hls.ErrorTypes.MEDIA_ERROR && !isMended) {
                    isMended = true;
                    return hls.recoverMediaError();
                }
                this.#tell(why);
            });
            hls.on(Hls.Events.FRAG_BUFFERED, () => (missing = undefined));
            // It is asked for again and again; whoever waits for it is told.
            element.addEventListener("waiting", () => missing && element.readyState < element.HAVE_FUTURE_DATA && this.#tell(missing));
            addEventListener("online", () => hls.startLoad());
            hls.loadSource(this.#topic.source);
            const { paused } = element;
            hls.attachMedia(element);
            if (!paused) element.play().catch(console.error);
        } catch (error) {
            console.error(error);
            this.#tell(LOST);
        }
    }
}

/**
 * @param {boolean} isNetwork
 * @param {string} details What hls.js calls it.
 * @param {number} [status] What the server answered; 0 or none without an answer.
 */
function words(isNetwork, details, status) {
    const isLoading = isNetwork && /Load/.test(details);
    if (isLoading && !status) return /TimeOut/.test(details) || !navigator.onLine ? LOST : CLOSED;
    return REASONS.find(([what]) => what.test(details))?.[1] ?? UNPLAYABLE;
}
