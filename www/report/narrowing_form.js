// @ts-check
// The form that narrows the report, the list of what it is narrowed to, and the headings that sort it.

import { make, part } from "../shared/page.js";
import { words } from "./narrowing.js";
import { PERIODS } from "./periods.js";
import { FLAGS, KINDS, MISSING, STATUSES } from "./terms.js";

/** @typedef {import("./narrowing.js").Narrowing} Narrowing */
/** @typedef {import("./row.js").Row} Row */

const form = /** @type {HTMLFormElement} */ (part("narrow-form"));
/** What fields offer, by their names. */
const CHOICES = /** @type {const} */ ({ kind: KINDS, status: STATUSES, flag: FLAGS, period: PERIODS });
/** What is sorted from the least on; everything else begins with the most, or the latest. */
const UPWARD = ["learner", "course", "topic", "status"];
const USUAL = { sort: "last_visit", order: "desc" };

/** What learners and topics are called, by their ids, as rows told it. @type {Map<string, string>} */
const titles = new Map();

/** @param {string} name */
const field = (name) => /** @type {HTMLInputElement | HTMLSelectElement} */ (form.elements.namedItem(name));

/** @param {string} name @param {string} value @param {string} text */
function option(name, value, text) {
    const made = make("option", text);
    made.value = value;
    field(name).append(made);
}

/** Own dates are there when they are asked for. */
function showDates() {
    const isOwn = field("period").value === "own";
    for (const it of form.querySelectorAll(".dates")) it.toggleAttribute("hidden", !isOwn);
}

/**
 * @param {(change: Narrowing) => void} go Is told what is to be another: an empty value is none.
 */
export function prepare(go) {
    for (const [name, words] of Object.entries(CHOICES)) {
        for (const [value, text] of Object.entries(words)) option(name, value, text);
    }
    option("missing", "any", "anything");
    for (const [value, { short }] of Object.entries(MISSING)) option("missing", value, short);
    field("period").append(...form.querySelectorAll("option[value=own]")); // It stands last.
    field("period").addEventListener("change", showDates);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const given = Object.fromEntries(/** @type {[string, string][]} */ ([...new FormData(form)]));
        const change = trimmed(given);
        if (change.period === "own") change.period = "";
        else change.from = change.to = "";
        if (change.q) change.learner = ""; // Who is searched for is not the one of before.
        go(change);
    });
    form.addEventListener("reset", (event) => {
        event.preventDefault();
        go(everything());
    });
    for (const head of document.querySelectorAll("th[data-sort]")) {
        const button = make("button", head.textContent ?? "", "sort");
        head.replaceChildren(button);
        const sort = head.getAttribute("data-sort") ?? "";
        button.addEventListener("click", () => {
            const now = head.getAttribute("aria-sort");
            const isUp = now ? now === "descending" : UPWARD.includes(sort);
            go({ sort, order: isUp ? "asc" : "desc" });
        });
    }
}

/** @param {Narrowing} given @returns {Narrowing} */
const trimmed = (given) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value.trim()]));

/** What takes every narrowing away, and leaves the order. */
export function everything() {
    const names = new Set([...form.elements].map((it) => it.getAttribute("name")).filter((it) => it !== null));
    return Object.fromEntries([...names, "learner"].map((name) => [name, ""]));
}

/** Keeps what rows call things, and offers it. @param {Row[]} rows */
export function learn(rows) {
    for (const { learner, course, topic, topic_id, groups } of rows) {
        if (learner?.id && learner.name) titles.set(`learner ${learner.id}`, learner.name);
        if (topic_id && topic && !titles.has(`topic ${topic_id}`)) {
            titles.set(`topic ${topic_id}`, topic);
            const known = [...field("topic").querySelectorAll("option")].find((it) => it.value === topic_id);
            if (known) known.textContent = topic;
            else option("topic", topic_id, topic);
        }
        if (course) offer("courses", course);
        for (const it of groups ?? []) offer("groups", it);
    }
}

/** @param {string} list @param {string} value */
function offer(list, value) {
    const options = /** @type {HTMLOptionElement[]} */ ([...part(list).children]);
    if (options.some((it) => it.value === value)) return;
    const made = make("option");
    made.value = value;
    part(list).append(made);
}

/**
 * Lists what the report is narrowed to; by their names, as far as rows have told them.
 *
 * @param {Narrowing} narrowing
 * @param {(change: Narrowing) => void} go
 */
export function list(narrowing, go) {
    const titled = (/** @type {string} */ name, /** @type {string} */ id) => titles.get(`${name} ${id}`) ?? id;
    const told = words(narrowing, titled);
    const drawn = [...part("chips").children].map((it) => it.firstElementChild?.textContent);
    // What is there already stays: the keyboard may stand on it.
    if (told.length === drawn.length && told.every(({ text }, n) => text === drawn[n])) return;
    const chips = told.map(({ names, text }) => {
        const chip = make("li");
        const button = make("button", "×", "plain");
        button.setAttribute("aria-label", `Take away ${text}`);
        button.addEventListener("click", () => {
            go(Object.fromEntries(names.map((name) => [name, ""])));
            // It is gone, and so is where the keyboard stood.
            /** @type {HTMLElement | null} */ (part("chips").querySelector("button") ?? part("narrow").querySelector("summary"))?.focus();
        });
        chip.append(make("span", text), button);
        return chip;
    });
    const at = [...part("chips").children].findIndex((it) => it.contains(document.activeElement));
    part("chips").replaceChildren(...chips);
    part("chips").hidden = chips.length === 0;
    if (at >= 0) chips[at]?.querySelector("button")?.focus();
}

/**
 * Puts what the report is narrowed to into form, list and headings.
 *
 * @param {Narrowing} narrowing
 * @param {(change: Narrowing) => void} go
 */
export function draw(narrowing, go) {
    const isOwnDates = !narrowing.period && (narrowing.from || narrowing.to);
    for (const it of form.elements) {
        const name = it.getAttribute("name");
        if (!name) continue;
        const value = name === "period" && isOwnDates ? "own" : narrowing[name] ?? "";
        if (name === "topic" && value && ![...field(name).querySelectorAll("option")].some((it) => it.value === value)) option(name, value, "the one of the address");
        field(name).value = value;
    }
    showDates();
    list(narrowing, go);
    const { sort, order } = { ...USUAL, ...narrowing };
    for (const head of document.querySelectorAll("th[data-sort]")) {
        if (head.getAttribute("data-sort") === sort) head.setAttribute("aria-sort", order === "asc" ? "ascending" : "descending");
        else head.removeAttribute("aria-sort");
    }
}
