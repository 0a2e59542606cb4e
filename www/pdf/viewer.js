// @ts-check
// Shows a PDF of a package with PDF.js, in the place of the browser's own viewer: what the learner does in that one is
// seen by no page.
//
// The server answers with this page where a window or frame asks for the PDF; its bytes have an address that differs in
// the query (`?seattime=pdf`).

import {
    EventBus, GlobalWorkerOptions, LinkTarget, PDFFindController, PDFLinkService, PDFViewer, PasswordResponses, getDocument,
} from "../../pkg/pdf/pdf.js";
import { part, say } from "../shared/page.js";
import { findBar } from "./find.js";
import { watchPages } from "./pages_seen.js";
import { printer } from "./print.js";
import { tools } from "./tools.js";
import { WORDS } from "./words.js";

/** @typedef {import("pdfjs-dist").PDFDocumentProxy} PDFDocument */

const DATA = new URL("/pkg/pdf/", location.href).href;
/** Parts of a file that are asked for at once, in bytes. */
const CHUNK_BYTES = 256 * 1024;
/** Phones have little memory for what is drawn. */
const PHONE_PIXELS = 5_242_880;

const bytes = new URL(location.href);
bytes.hash = "";
bytes.searchParams.set("seattime", "pdf");
const container = /** @type {HTMLDivElement} */ (part("container"));
GlobalWorkerOptions.workerSrc = `${DATA}worker.js`;

async function open() {
    const loading = getDocument({
        url: bytes.href,
        docBaseUrl: location.href,
        cMapUrl: DATA,
        standardFontDataUrl: DATA,
        wasmUrl: DATA,
        iccUrl: DATA,
        rangeChunkSize: CHUNK_BYTES,
        // A long PDF is loaded as far as it is read.
        disableAutoFetch: true,
        disableStream: true,
        isEvalSupported: false,
        enableXfa: true,
    });
    loading.onPassword = (/** @type {(password: string) => void} */ unlock, /** @type {number} */ reason) => {
        say(part("cover-text"), reason === PasswordResponses.INCORRECT_PASSWORD ? WORDS.wrongPassword : WORDS.locked);
        const form = /** @type {HTMLFormElement} */ (part("unlock"));
        const password = /** @type {HTMLInputElement} */ (part("password"));
        form.hidden = false;
        password.focus();
        form.onsubmit = (event) => {
            event.preventDefault();
            form.hidden = true;
            unlock(password.value);
            password.value = "";
        };
    };
    return show(await loading.promise);
}

/** @param {PDFDocument} pdf */
async function show(pdf) {
    const eventBus = new EventBus();
    const linkService = new PDFLinkService({ eventBus, externalLinkTarget: LinkTarget.BLANK, externalLinkRel: "noopener noreferrer nofollow" });
    const findController = new PDFFindController({ eventBus, linkService });
    const isPhone = matchMedia("(pointer: coarse)").matches;
    const viewer = new PDFViewer({
        container,
        viewer: /** @type {HTMLDivElement} */ (part("viewer")),
        eventBus,
        linkService,
        findController,
        removePageBorders: true,
        imageResourcesPath: "",
        ...(isPhone && { maxCanvasPixels: PHONE_PIXELS }),
    });
    linkService.setViewer(viewer);
    const ready = new Promise((resolve) => eventBus._on("pagesinit", resolve));
    viewer.setDocument(pdf);
    linkService.setDocument(pdf);
    await ready;

    viewer.currentScaleValue = "auto";
    const follow = () => location.hash.length > 1 && linkService.setHash(location.hash.slice(1));
    follow();
    addEventListener("hashchange", follow);
    const find = findBar(eventBus);
    const print = printer(pdf);
    eventBus._on("namedaction", (/** @type {{ action: string }} */ { action }) => {
        if (action === "Print") print();
        else if (action === "Find") find.open();
    });
    tools({ viewer, eventBus, container, find, print, download: () => download(pdf) });
    part("cover").hidden = true;
    part("tools").inert = false;
    watchPages(container, pdf.numPages, (n) => viewer.getPageView(n - 1)?.div, () => viewer.currentPageNumber);
    void name(pdf);
}

/** The name of the file, as its address says. */
function fileName() {
    const last = location.pathname.split("/").at(-1) ?? "";
    try {
        return decodeURIComponent(last) || "document.pdf";
    } catch {
        return last;
    }
}

/** @param {PDFDocument} pdf */
async function name(pdf) {
    const { info } = await pdf.getMetadata().catch(() => ({ info: undefined }));
    const title = /** @type {{ Title?: unknown } | undefined} */ (info)?.Title;
    document.title = (typeof title === "string" && title.trim()) || fileName();
    say(part("title"), document.title);
}

/** Saves the PDF: with what was filled in, where it is a form. @param {PDFDocument} pdf */
async function download(pdf) {
    const link = document.createElement("a");
    link.download = fileName();
    if (pdf.annotationStorage.size > 0) {
        const filled = new Uint8Array(await pdf.saveDocument());
        link.href = URL.createObjectURL(new Blob([filled], { type: "application/pdf" }));
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } else {
        link.href = bytes.href;
    }
    link.click();
}

/** @param {any} failure */
function failed(failure) {
    console.error(failure);
    const { name, status } = failure ?? {};
    const isLost = name === "ResponseException" && status > 0;
    const isOffline = name === "ResponseException" || failure instanceof TypeError;
    const text = name === "InvalidPDFException" ? WORDS.damaged : isLost ? WORDS.lost : isOffline ? WORDS.offline : WORDS.failed;
    say(part("cover-text"), text);
    part("unlock").hidden = true;
    /** @type {HTMLAnchorElement} */ (part("itself")).href = bytes.href;
    part("ways").hidden = isLost;
    part("cover").setAttribute("role", "alert");
}

open().catch(failed);
