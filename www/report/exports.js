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

/** Where numbers have a decimal comma, spreadsheets take a file for one of semicolons. */
const isOfSemicolons = () => (1.5).toLocaleString().includes(",");

/** Why there is no file. @param {Response | undefined} response */
async function why(response) {
    if (!response) return "the server cannot be reached";
    if (response.ok) return "it broke off on its way; try again";
    const answer = await response.json().catch(() => undefined);
    return answer?.detail ?? `the server answered ${response.status}`;
}

/**
 * @param {Reader} reader
 * @param {URLSearchParams} query What the report shows.
 * @param {string} format
 */
async function fetchFile(reader, query, format) {
    const asked = new URLSearchParams({ ...Object.fromEntries(query), format });
    if (format === "csv" && isOfSemicolons()) asked.set("separator", "semicolon");
    const address = `${EXPORT}?${asked}`;
    // The browser writes it while it comes, where its own cookie is enough to ask.
    if (reader.token === undefined) return save(address, "");
    say(part("export-state"), "The file is being made …");
    const response = await fetch(address, { headers: { authorization: `Bearer ${reader.token}` }, cache: "no-store", credentials: "omit" }).catch(() => undefined);
    const file = response?.ok ? await response.blob().catch(() => undefined) : undefined;
    if (!response || !file) return say(part("export-state"), `There is no file: ${await why(response)}.`);
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
