// @ts-check
// The bar of the viewer, and what keys and the wheel do.

import { TouchManager } from "../../pkg/pdf/pdf.js";
import { part, say } from "../shared/page.js";
import { WORDS } from "./words.js";

/** An arrow moves by this much, in CSS pixels; a page by this part of the window. */
const LINE = 60;
const MOST_OF_WINDOW = 0.9;
/** Fields take keys themselves. */
const FIELDS = "input, textarea, select, [contenteditable]";
/** Buttons and links are pressed by these keys. */
const PRESSED = ["Enter", " "];

/**
 * @typedef {object} Parts What the bar works on.
 * @property {import("pdfjs-dist/legacy/web/pdf_viewer.mjs").PDFViewer} viewer
 * @property {import("pdfjs-dist/legacy/web/pdf_viewer.mjs").EventBus} eventBus
 * @property {HTMLElement} container
 * @property {ReturnType<typeof import("./find.js").findBar>} find
 * @property {() => void} print
 * @property {() => Promise<void>} download
 */

/** @param {Parts} parts */
export function tools(parts) {
    const { viewer, eventBus, container, find, print } = parts;
    const page = /** @type {HTMLInputElement} */ (part("page"));
    const zoom = /** @type {HTMLSelectElement} */ (part("zoom"));
    const custom = /** @type {HTMLOptionElement} */ (part("custom"));
    const [previous, next] = ["previous", "next"].map((it) => /** @type {HTMLButtonElement} */ (part(it)));
    const count = viewer.pagesCount;
    const download = () => void parts.download().catch((error) => {
        console.error(error);
        say(part("progress"), WORDS.notSaved);
        part("progress").hidden = false;
    });

    const drawPage = () => {
        const n = viewer.currentPageNumber;
        page.value = String(n);
        [previous.disabled, next.disabled] = [n <= 1, n >= count];
    };
    const drawZoom = () => {
        const value = viewer.currentScaleValue ?? "";
        const known = [...zoom.options].find((it) => it !== custom && (it.value === value || Number(it.value) === Number(value)));
        custom.hidden = known !== undefined;
        if (!known) say(custom, WORDS.percent(viewer.currentScale));
        zoom.value = (known ?? custom).value;
    };
    /** @param {number} n */
    const turnTo = (n) => {
        if (n >= 1 && n <= count) viewer.currentPageNumber = n;
        drawPage();
    };

    say(part("pages"), WORDS.pages(count));
    page.size = Math.max(2, String(count).length);
    drawPage();
    drawZoom();
    eventBus._on("pagechanging", drawPage);
    eventBus._on("scalechanging", drawZoom);
    addEventListener("resize", () => {
        const value = viewer.currentScaleValue;
        if (["auto", "page-width", "page-fit"].includes(value)) viewer.currentScaleValue = value;
        viewer.update();
    });
    previous.addEventListener("click", () => turnTo(viewer.currentPageNumber - 1));
    next.addEventListener("click", () => turnTo(viewer.currentPageNumber + 1));
    page.addEventListener("focus", () => page.select());
    page.addEventListener("change", () => turnTo(Math.round(Number(page.value)) || 0));
    zoom.addEventListener("change", () => {
        viewer.currentScaleValue = zoom.value;
        if (zoom.value === "page-fit") viewer.scrollPageIntoView({ pageNumber: viewer.currentPageNumber });
    });
    part("smaller").addEventListener("click", () => viewer.decreaseScale());
    part("larger").addEventListener("click", () => viewer.increaseScale());
    part("find").addEventListener("click", () => find.toggle());
    part("print").addEventListener("click", print);
    part("download").addEventListener("click", download);

    container.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault(); // Else the browser makes its whole window larger.
        const by = event.deltaMode === 0 ? event.deltaY / 100 : Math.sign(event.deltaY);
        viewer.updateScale({ drawingDelay: 400, scaleFactor: Math.exp(-Math.max(-1, Math.min(1, by)) / 5), origin: [event.clientX, event.clientY] });
    }, { passive: false });
    let pinched = 1;
    // Its declaration takes these functions for `null`, which is what they are by default.
    new TouchManager(/** @type {any} */ ({
        container,
        signal: new AbortController().signal,
        onPinchStart: () => (pinched = 1),
        onPinching: (/** @type {[number, number]} */ origin, /** @type {number} */ before, /** @type {number} */ now) => {
            // Scales are whole percents: small movements add up first.
            pinched *= now / before;
            if (Math.abs(pinched - 1) < 0.02) return;
            viewer.updateScale({ drawingDelay: 400, scaleFactor: pinched, origin });
            pinched = 1;
        },
    }));

    /** @param {number} part Of the window. */
    const scroll = (part) => container.scrollBy({ top: part * container.clientHeight, behavior: "instant" });
    /** What keys do: with Ctrl or Cmd, and without. @type {Record<string, () => unknown>} */
    const withControl = {
        f: () => find.open(),
        g: () => find.again(false),
        p: print,
        s: download,
        "+": () => viewer.increaseScale(),
        "=": () => viewer.increaseScale(),
        "-": () => viewer.decreaseScale(),
        0: () => (viewer.currentScaleValue = "auto"),
    };
    /** @type {Record<string, (event: KeyboardEvent) => unknown>} */
    const plain = {
        ArrowDown: () => container.scrollBy({ top: LINE, behavior: "instant" }),
        ArrowUp: () => container.scrollBy({ top: -LINE, behavior: "instant" }),
        ArrowRight: () => sideways(1),
        ArrowLeft: () => sideways(-1),
        PageDown: () => scroll(MOST_OF_WINDOW),
        PageUp: () => scroll(-MOST_OF_WINDOW),
        " ": ({ shiftKey }) => scroll(shiftKey ? -MOST_OF_WINDOW : MOST_OF_WINDOW),
        Home: () => turnTo(1),
        End: () => turnTo(count),
        "+": () => viewer.increaseScale(),
        "=": () => viewer.increaseScale(),
        "-": () => viewer.decreaseScale(),
        0: () => (viewer.currentScaleValue = "auto"),
        F3: ({ shiftKey }) => find.again(shiftKey),
        Escape: () => find.close(),
    };
    /** Across a page that is wider than the window, else to another page. @param {number} by */
    const sideways = (by) => {
        if (container.scrollWidth > container.clientWidth) container.scrollBy({ left: by * LINE, behavior: "instant" });
        else turnTo(viewer.currentPageNumber + by);
    };
    addEventListener("keydown", (event) => {
        const { key, target } = event;
        if (event.defaultPrevented || event.altKey) return;
        const isControl = event.ctrlKey || event.metaKey;
        const on = target instanceof Element ? target : document.body;
        const isTyping = on.closest(FIELDS) !== null && key !== "F3" && key !== "Escape";
        const isPressing = on.closest("button, a") !== null && PRESSED.includes(key);
        // With Shift, arrows select text.
        const isSelecting = event.shiftKey && key.length > 1 && key !== "F3";
        if (!isControl && (isTyping || isPressing || isSelecting)) return;
        const act = (isControl ? withControl : plain)[isControl ? key.toLowerCase() : key];
        if (!act) return;
        event.preventDefault();
        act(event);
    });
}
