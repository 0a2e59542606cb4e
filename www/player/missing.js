// @ts-check
// A part of a course whose file is not in the package: names the file, which the fragment of the address holds.

import { part, say } from "../shared/page.js";

/** @returns {string} */
function named() {
    try {
        return decodeURIComponent(location.hash.slice(1));
    } catch {
        return "";
    }
}

const file = named();
if (file) say(part("file"), file);
