// @ts-check
// PDFs in content. The server shows them in a viewer, which is a page like any other; what is left to do here is to take
// which pages were seen, and to help where a browser does not say that it is about to show or to save a PDF.

const PDF = "application/pdf";
/** In an address, asks the server for the bytes of a PDF. */
const BYTES = "seattime=pdf";
const isPdf = (/** @type {string} */ url) => /\.pdf([?#]|$)/i.test(url);

/**
 * Firefox asks for a download as for a window (`Sec-Fetch-Dest: document`, seen in 153), and would save the viewer.
 *
 * @param {Event} event
 */
function download({ target }) {
    const link = /** @type {Element} */ (target).closest?.("a[download]");
    const { href, origin, pathname } = /** @type {HTMLAnchorElement} */ (link ?? {});
    if (!link || !isPdf(pathname) || origin !== location.origin || href.includes(BYTES)) return;
    const { search } = /** @type {HTMLAnchorElement} */ (link);
    /** @type {HTMLAnchorElement} */ (link).search = search ? `${search}&${BYTES}` : BYTES;
}

/**
 * Puts a frame in the place of each `embed` and `object` with a PDF. Over plain http no browser says where it will show
 * what it asks for, and Firefox asks for these as for a download.
 *
 * @param {Document} document
 */
function frame(document) {
    for (const it of document.querySelectorAll("embed,object")) {
        const url = it.getAttribute("src") ?? it.getAttribute("data") ?? "";
        if (it.getAttribute("type") !== PDF && !isPdf(url)) continue;
        const made = document.createElement("iframe");
        for (const { name, value } of it.attributes) if (!["src", "data", "type"].includes(name)) made.setAttribute(name, value);
        made.title ||= "PDF";
        made.src = url;
        it.replaceWith(made);
    }
}

/**
 * Looks at a window of content, once a second.
 *
 * @param {any} window
 * @param {(key: string, pages: number, first: number, end: number) => void} see Notes pages that were seen.
 */
export function enter({ document, location, seattimePdf }, see) {
    // The same listener once more is none.
    document.addEventListener("click", download, true);
    if (!isSecureContext) frame(document);
    // What the viewer says of itself; content may say the same, and gains no time by it.
    if (!seattimePdf || seattimePdf.noted === seattimePdf.seen) return;
    const { pages, seen } = seattimePdf;
    seattimePdf.noted = seen;
    for (const [first, end] of seen) see(location.pathname.slice(-1000), pages, first, end);
}

/** Leaves a window as it was. @param {Window} window */
export function leave({ document }) {
    document.removeEventListener("click", download, true);
}
