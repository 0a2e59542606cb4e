// @ts-check
// Printing: the pages of a PDF become pictures, one after the other, since only those in view are drawn.

import { AnnotationMode } from "../../pkg/pdf/pdf.js";
import { make, part, say } from "../shared/page.js";
import { WORDS } from "./words.js";

/** Pictures have this many dots an inch; a PDF's unit is 1/72 inch. */
const DOTS = 150 / 72;

/**
 * @param {import("pdfjs-dist").PDFDocumentProxy} pdf
 * @returns {() => void} Prints; a second call while pages are prepared does nothing.
 */
export function printer(pdf) {
    let isBusy = false;
    const print = async () => {
        const paper = part("paper");
        const progress = part("progress");
        /** @type {string[]} */
        const pictures = [];
        try {
            const canvas = make("canvas");
            for (let n = 1; n <= pdf.numPages; n++) {
                progress.hidden = false;
                say(progress, WORDS.preparing(n, pdf.numPages));
                const page = await pdf.getPage(n);
                const viewport = page.getViewport({ scale: DOTS });
                [canvas.width, canvas.height] = [Math.floor(viewport.width), Math.floor(viewport.height)];
                await page.render({ canvas, viewport, intent: "print", annotationMode: AnnotationMode.ENABLE_STORAGE, printAnnotationStorage: pdf.annotationStorage.print }).promise;
                const picture = await new Promise((/** @type {(made: Blob | null) => void} */ resolve) => canvas.toBlob(resolve));
                if (!picture) throw new Error(`page ${n} could not be drawn`);
                const image = make("img");
                pictures.push((image.src = URL.createObjectURL(picture)));
                image.alt = WORDS.page(n, pdf.numPages);
                paper.append(image);
                await image.decode();
            }
            progress.hidden = true;
            window.print();
        } catch (error) {
            console.error(error);
            say(progress, WORDS.notPrinted);
            progress.hidden = false;
        } finally {
            paper.replaceChildren();
            for (const it of pictures) URL.revokeObjectURL(it);
        }
    };
    return () => {
        if (isBusy) return;
        isBusy = true;
        void print().finally(() => (isBusy = false));
    };
}
