// @ts-check
// Time per week: asked for when it is opened, drawn as bars, and told as a table.

import { make, part } from "../shared/page.js";
import { spent } from "../shared/time.js";
import { isNarrow } from "./narrowing.js";
import { written } from "./periods.js";
import { ask } from "./state.js";
import { draw } from "./weeks_chart.js";

/** @typedef {import("./narrowing.js").Narrowing} Narrowing */
/** @typedef {import("./reader.js").Reader} Reader */
/** @typedef {import("./weeks_chart.js").Week} Week */

/** What the server narrows weeks by. */
const NAMES = ["learner", "course", "group", "from", "to"];
/** What is none of that, and has to be said. */
const OTHERS = ["q", "topic", "kind", "status", "missing", "flag"];

/** @param {Week[]} weeks */
function table(weeks) {
    const drawn = make("table", "", "plain-table");
    const head = make("tr");
    for (const name of ["Week from", "Credited", "Measured"]) {
        const cell = make("th", name);
        cell.scope = "col";
        head.append(cell);
    }
    drawn.append(make("caption", "Time per week", "hidden-text"), make("thead"), make("tbody"));
    drawn.tHead?.append(head);
    for (const { start, credited_ms, measured_ms } of weeks) {
        const line = make("tr");
        const name = make("th", written(start));
        name.scope = "row";
        line.append(name, make("td", spent(credited_ms), "figure"), make("td", spent(measured_ms), "figure"));
        drawn.tBodies[0]?.append(line);
    }
    const folded = make("details");
    folded.append(make("summary", "The same as a table"), drawn);
    return folded;
}

/** @param {HTMLElement} place @param {any} answer @param {Narrowing} narrowing */
function show(place, answer, narrowing) {
    /** @type {Week[]} */
    const weeks = answer.weeks;
    const sumMs = weeks.reduce((sum, it) => sum + it.credited_ms, 0);
    const before = answer.backfilled_ms
        ? [make("p", `${spent(answer.backfilled_ms)} more are from before courses ran here, taken over from the learning platform. In which weeks they were is not known.`, "before")]
        : [];
    if (sumMs === 0) {
        place.replaceChildren(make("p", "No time was credited in any of these weeks.", "quiet"), ...before);
        return;
    }
    const others = OTHERS.filter((name) => narrowing[name]);
    const notes = [`Weeks begin on Monday, in the time zone ${answer.zone}. ${isNarrow(narrowing) ? "What is narrowed by course, group, one learner and period is so here, too." : ""}`];
    if (others.length > 0) notes.push(`What is narrowed by ${others.map((it) => (it === "q" ? "a search" : it)).join(" and ")} is not: these are all rows of it.`);
    place.replaceChildren(draw(weeks, place), ...before, make("p", notes.join(" "), "quiet"), table(weeks));
}

/** @returns {{ show: (reader: Reader, narrowing: Narrowing, query: URLSearchParams) => void }} */
export function prepare() {
    const folded = /** @type {HTMLDetailsElement} */ (part("weeks"));
    const place = part("weeks-body");
    /** @type {{ reader: Reader, narrowing: Narrowing, query: URLSearchParams } | undefined} */
    let of;
    let [isAsked, questions] = [false, 0];
    const fill = async () => {
        if (!folded.open || isAsked || !of) return;
        isAsked = true;
        const mine = ++questions;
        const { reader, narrowing, query } = of;
        place.replaceChildren(make("p", "Loading …", "quiet"));
        const kept = [...query].filter(([name]) => NAMES.includes(name));
        const { response, answer } = await ask(`/api/v1/report/weeks?${new URLSearchParams(kept)}`, reader.token);
        if (mine !== questions) return;
        if (response?.ok && Array.isArray(answer?.weeks)) return show(place, answer, narrowing);
        isAsked = false;
        folded.hidden = response?.status === 404; // A server that tells no weeks.
        const why = response ? answer?.detail ?? `the server answered ${response.status}` : "the server cannot be reached";
        place.replaceChildren(make("p", `The weeks cannot be shown: ${why}.`));
    };
    folded.addEventListener("toggle", () => void fill());
    return {
        show(reader, narrowing, query) {
            of = { reader, narrowing, query };
            isAsked = false;
            folded.hidden = false;
            // A learner has few rows, and wants to see it; of everybody's, it is worked out when asked for.
            if (reader.isOwn) folded.open = true;
            void fill();
        },
    };
}
