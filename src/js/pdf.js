// @ts-check
// PDFs in content: what helps them is asked for once there is one.

import { guarded, note, put } from "./instance.js";
import * as wasm from "./wasm.js";

/** @type {Promise<typeof import("./documents.js")> | undefined} */
let loading;

/** Pages were seen. @param {string} key @param {number} pages @param {number} first @param {number} end */
const see = (key, pages, first, end) => {
    const call = () => wasm.see_pages(put(key, 0), pages, first, end);
    guarded(call, undefined);
    note(call);
};

/** Looks at a window of content, once a second. @param {any} window */
export function enter(window) {
    if (window.seattimePdf || window.document.querySelector("embed,object,a[download]")) loading ??= import("./documents.js");
    loading?.then((it) => it.enter(window, see), () => {});
}

/** Leaves a window as it was. @param {Window} window */
export function leave(window) {
    loading?.then((it) => it.leave(window), () => {});
}
