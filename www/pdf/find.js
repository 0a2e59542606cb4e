// @ts-check
// Finding text in a PDF.

import { FindState } from "../../pkg/pdf/pdf.js";
import { part, say } from "../shared/page.js";
import { WORDS } from "./words.js";

/** @param {import("pdfjs-dist/legacy/web/pdf_viewer.mjs").EventBus} eventBus */
export function findBar(eventBus) {
    const bar = /** @type {HTMLFormElement} */ (part("finding"));
    const [sought, matchCase, wholeWords] = ["sought", "match-case", "whole-words"].map((it) => /** @type {HTMLInputElement} */ (part(it)));

    /** @param {string} type `""` for a new text, `again` for the next place. @param {boolean} [isBackwards] */
    const ask = (type, isBackwards = false) => eventBus.dispatch("find", {
        source: bar,
        type,
        query: sought.value,
        caseSensitive: matchCase.checked,
        entireWord: wholeWords.checked,
        highlightAll: true,
        findPrevious: isBackwards,
        matchDiacritics: false,
    });
    const open = () => {
        bar.hidden = false;
        part("find").setAttribute("aria-expanded", "true");
        sought.select();
        sought.focus();
    };
    const close = () => {
        if (bar.hidden) return;
        bar.hidden = true;
        part("find").setAttribute("aria-expanded", "false");
        eventBus.dispatch("findbarclose", { source: bar });
        part("container").focus({ preventScroll: true });
    };
    const again = (/** @type {boolean} */ isBackwards) => {
        if (bar.hidden) open();
        else ask("again", isBackwards);
    };

    /** @param {{ current: number, total: number }} matches @param {number} [state] */
    const draw = ({ current, total }, state) => {
        if (sought.value === "") say(part("found"), "");
        else if (state === FindState.PENDING) say(part("found"), WORDS.searching);
        else say(part("found"), total > 0 ? WORDS.found(current, total) : state === FindState.NOT_FOUND ? WORDS.none : "");
    };
    eventBus._on("updatefindmatchescount", (/** @type {any} */ { matchesCount }) => draw(matchesCount));
    eventBus._on("updatefindcontrolstate", (/** @type {any} */ { matchesCount, state }) => draw(matchesCount, state));
    eventBus._on("findfromurlhash", (/** @type {{ query: string | string[] }} */ { query }) => {
        sought.value = [query].flat().join(" ");
        open();
        ask("");
    });
    sought.addEventListener("input", () => ask(""));
    matchCase.addEventListener("change", () => ask("casesensitivitychange"));
    wholeWords.addEventListener("change", () => ask("entirewordchange"));
    bar.addEventListener("submit", (event) => {
        event.preventDefault();
        ask("again");
    });
    sought.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !event.shiftKey) return;
        event.preventDefault();
        ask("again", true);
    });
    part("find-previous").addEventListener("click", () => ask("again", true));
    part("find-close").addEventListener("click", close);
    return { open, close, again, toggle: () => (bar.hidden ? open() : close()) };
}
