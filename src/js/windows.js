// @ts-check
// Windows that content opens: by `window.open`, by links and by forms. Their time and their signs count as those of
// the frame do, so a handle of each is kept.

/** Targets that open no window. */
const NO_WINDOW = /^(|_self|_parent|_top)$/i;

/**
 * @param {Window} page The player's window.
 * @param {() => void} onOpened
 */
export function windows(page, onOpened) {
    /** @type {Set<Window>} */
    const opened = new Set();
    const { open } = page;
    let names = 0;

    /** @param {any} window */
    const add = (window) => {
        // A name may also be that of a frame, or of a window that was there before the course.
        if (!window || window.top !== window || window === page.top || window === page.top?.opener) return;
        opened.add(window);
        onOpened();
    };

    /**
     * Where a link or form leads, if that is a window whose handle may be kept.
     *
     * @param {Element} element
     * @param {Element | null} [submitter]
     */
    const leads = (element, submitter) => {
        const own = (/** @type {string} */ name) => submitter?.getAttribute(`form${name}`) ?? element.getAttribute(name);
        const isForm = element.localName === "form";
        const { ownerDocument, baseURI } = element;
        const target = own("target") ?? ownerDocument.querySelector("base[target]")?.getAttribute("target") ?? "";
        const path = isForm ? own("action") ?? "" : element.getAttribute("href") ?? element.getAttribute("xlink:href");
        if (path === null || NO_WINDOW.test(target) || element.hasAttribute("download") ||
            isForm && /^dialog$/i.test(own("method") ?? "") ||
            /\bno(opener|referrer)\b/i.test(element.getAttribute("rel") ?? "")) return undefined;
        const { href, origin } = new URL(path, baseURI);
        return origin === page.location.origin ? { target, href, isForm } : undefined;
    };

    /**
     * A link was clicked, or a form submitted. This is heard before content hears it.
     *
     * @param {any} event An event; or, where a script submits a form, for which there is none, the form as its target.
     */
    const act = (event) => {
        try {
            const { submitter } = event;
            const element = event.type === "click"
                ? event.composedPath().find((/** @type {Element} */ it) => /^(a|area)$/i.test(it.localName)) : event.target;
            const window = element?.ownerDocument.defaultView;
            // With a key, a browser opens a window of its own or downloads.
            if (!window || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
            const lead = leads(element, submitter);
            if (!lead) return;
            const { target, href, isForm } = lead;
            const isBlank = /^_blank$/i.test(target);
            const isScripted = !event.eventPhase;
            let isDone = false;
            // A window that `_blank` opens has no opener, no name and, below another site, storage of its own
            // (https://html.spec.whatwg.org/multipage/links.html#get-an-element's-noopener). So it is opened here. One
            // with a name could be asked for afterwards, but in Firefox that ends what is being loaded into it.
            const instead = () => {
                if (isDone || event.defaultPrevented || !isScripted && !event.eventPhase) return;
                isDone = true;
                // Only the browser can send a form's fields, and it does so to a window that is there.
                const name = isForm && isBlank ? `window-${performance.now()}-${names++}` : target;
                const made = open.call(window, isForm ? "" : href, name);
                if (!made) return;
                if (!isForm) event.preventDefault();
                else if (isBlank) {
                    const [owner, attribute] = submitter?.hasAttribute("formtarget") ? [submitter, "formtarget"] : [element, "target"];
                    const before = owner.getAttribute(attribute);
                    owner.setAttribute(attribute, name);
                    later(() => before === null ? owner.removeAttribute(attribute) : owner.setAttribute(attribute, before));
                }
                add(made);
            };
            if (isScripted) return instead();
            // What is added now is heard last, when content has decided; where content lets an event go no further, what
            // it does then is the last.
            const last = element.isConnected ? window : element;
            last.addEventListener(event.type, instead, { once: true });
            for (const name of ["stopPropagation", "stopImmediatePropagation"]) {
                const stop = event[name];
                event[name] = () => {
                    queueMicrotask(instead);
                    stop.call(event);
                };
            }
        } catch { /* Then the browser does it, as ever. */ }
    };

    return {
        opened,
        add,
        act,
        /** @param {any} window @returns {import("./hook.js").Hook[]} */
        hooks: (window) => [
            [window, "open", (_, made) => add(made)],
            // No event says so.
            [window.HTMLFormElement.prototype, "submit", () => {}, (target) => act({ type: "submit", target })],
            // A link that is in no document tells nobody but itself.
            [window.HTMLElement.prototype, "click", () => {}, (link) =>
                link.isConnected || link.addEventListener("click", act, { capture: true, once: true })],
        ],
    };
}

/** Calls after everything that happens now; no timer, since those of a hidden page are late. @param {() => void} call */
function later(call) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
        port1.close();
        try {
            call();
        } catch { /* The window went elsewhere. */ }
    };
    port2.postMessage(0);
}
