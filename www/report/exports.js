// @ts-check
// The report as a file, and on paper.

import { part, say } from "../shared/page.js";

/** @typedef {import("./reader.js").Reader} Reader */

const EXPORT = "/api/v1/report/export";
/** A file is kept for the browser to fetch it for so long, in ms. */
const FETCHED_WITHIN = 60_000;

/** @param {Response} response @param {string} format */
function nameOf(response, format) {
    const found = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "");
    return found?.[1] ?? `learning-report.${format}`;
}

/** Hands a file to the browser. @param {string} address @param {string} name */
function save(address, name) {
    const link = document.createElement("a");
    [link.href, link.download] = [address, name];
    link.click();
}

/**
 * @param {Reader} reader
 * @param {URLSearchParams} query What the report shows.
 * @param {string} format
 */
async function fetchFile(reader, query, format) {
    const address = `${EXPORT}?${new URLSearchParams({ ...Object.fromEntries(query), format })}`;
    // The browser writes it while it comes, where its own cookie is enough to ask.
    if (reader.token === undefined) return save(address, "");
    say(part("export-state"), "The file is being made …");
    const response = await fetch(address, { headers: { authorization: `Bearer ${reader.token}` }, cache: "no-store", credentials: "omit" }).catch(() => undefined);
    const file = response?.ok ? await response.blob().catch(() => undefined) : undefined;
    if (!response || !file) {
        const answer = await response?.json().catch(() => undefined);
        say(part("export-state"), response ? `There is no file: ${answer?.detail ?? `the server answered ${response.status}`}.` : "There is no file: the server cannot be reached.");
        return;
    }
    const held = URL.createObjectURL(file);
    save(held, nameOf(response, format));
    setTimeout(() => URL.revokeObjectURL(held), FETCHED_WITHIN);
    say(part("export-state"), "The file is made.");
}

/** @returns {{ show: (reader: Reader, query: URLSearchParams) => void }} */
export function prepare() {
    /** @type {{ reader: Reader, query: URLSearchParams } | undefined} */
    let of;
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (part("exports").querySelectorAll("[data-format]"))) {
        button.addEventListener("click", () => of && void fetchFile(of.reader, of.query, button.dataset.format ?? "csv"));
    }
    part("print").addEventListener("click", () => print());
    return {
        show(reader, query) {
            of = { reader, query };
            say(part("export-state"), "");
            part("exports").hidden = false;
        },
    };
}
