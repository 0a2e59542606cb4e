// @ts-check
// The page of a video or audio topic, as tests look at it and touch it.
//
// With SEATTIME_SCREENSHOTS=docs (or another folder), it is kept there as pictures.

import { lookAt } from "./pictures.js";
import * as real from "./real_time.js";

/** @typedef {import("./real_time.js").Tab} Tab */

/** The player's page has a medium, and knows how long it is. */
export const READY = "frames[0]?.document.querySelector('video, audio')?.readyState >= 1";

/**
 * Evaluates in the player's window; `document` is the frame's, whose own page allows no `eval`.
 *
 * @param {Tab} tab
 * @param {string} expression
 */
export const inFrame = (tab, expression) => tab.read(`((document) => ${expression})(frames[0].document)`);
/** What plays. */
export const IT = "document.querySelector('video, audio')";
/** Resolves when it has played to its end. */
export const ENDED = real.ended(IT);
/** Resolves when it has come to a second. @param {number} second */
export const reached = (second) => real.reached(IT, second);
/** @param {Tab} tab @param {string} id @returns {Promise<string>} */
export const words = (tab, id) => inFrame(tab, `document.getElementById("${id}").textContent`);
/** @param {Tab} tab */
export const position = (tab) => inFrame(tab, `${IT}.currentTime`);

const FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
/** Looks at the page in every way, and at what is in it. @param {Tab} tab @param {string} name */
export const look = (tab, name) => lookAt(tab, name, { alsoFits: () => inFrame(tab, FITS) });
