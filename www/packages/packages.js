// @ts-check
// How packages report their time: a list of them, and one of them by the fragment of the address.

import { offerLogin, showWho, whoIsLoggedIn } from "../report/reader.js";
import { ask, tell } from "../report/state.js";
import { cell, makeRow } from "../report/table.js";
import { make, part, say } from "../shared/page.js";
import { drawBlocked, hostsInWords } from "./blocked.js";
import { drawFindings } from "./findings.js";
import { drawActivities, drawCaution, drawReporting } from "./reporting.js";
import { API_WORDS, HABIT_WORDS, seconds } from "./words.js";

/**
 * @typedef {object} Line A package in the list. A server may leave out what it does not know.
 * @property {string} topic
 * @property {string} [title]
 * @property {string} [course]
 * @property {{ verdict: { habit: string, text: string }, sessions: number }} [reporting]
 */

/** Never kept: content of the same host could read whatever this page stores. None, where a cookie says who asks. @type {string | undefined} */
let key;
/** Whether anybody has said who they are. */
let isKnown = false;
/** Counts what was asked for: only the last answer is shown. */
let asked = 0;

/** Which package the address names. */
const named = () => decodeURIComponent(location.hash.slice(1));

/** Shows the list, or the package that the address names. */
async function show() {
    if (!isKnown) return;
    const [mine, topic] = [++asked, named()];
    tell("Loading …");
    for (const id of ["again", "list", "package"]) part(id).hidden = true;
    const { response, answer } = await ask(topic ? `/api/v1/packages/${encodeURIComponent(topic)}` : "/api/v1/packages?reporting=true", key);
    if (mine !== asked) return;
    if (!response?.ok || !(topic ? answer?.reporting : Array.isArray(answer))) {
        failed(response, answer);
        return;
    }
    part("key-form").hidden = true;
    part("login").hidden = true;
    if (topic) {
        await drawPackage(answer, mine);
    } else if (answer.length === 0) {
        tell("No packages yet", "Import one, then come back.");
    } else {
        part("body").replaceChildren(...answer.map(drawLine));
        part("state").hidden = true;
        part("list").hidden = false;
    }
}

/** @param {Response | undefined} response @param {{ detail?: string } | undefined} answer */
function failed(response, answer) {
    if (response?.status === 401) {
        const hadKey = key !== undefined;
        if (!hadKey) offerLogin();
        [key, isKnown] = [undefined, false];
        part("key-form").hidden = false;
        tell(hadKey ? "This key is not valid" : "Your access has ended", hadKey ? "Please check the API key." : "Please log in again.");
        part("key").focus();
        return;
    }
    if (!response) tell("The server cannot be reached", "Please check your connection, then try again.");
    else tell("This cannot be shown", `${answer?.detail ?? `The server answered ${response.status}`}.`);
    part("again").hidden = false;
}

/** @param {Line} it */
function drawLine(it) {
    const line = makeRow("row");
    const link = make("a", it.title ?? it.topic);
    link.href = `#${encodeURIComponent(it.topic)}`;
    cell(line, "Package", "", "topic").append(link);
    cell(line, "Course", it.course ?? "–");
    const habit = it.reporting?.verdict.habit ?? "unknown";
    const words = make("span", it.reporting?.verdict.text ?? "", "quiet");
    cell(line, "Reports").append(make("span", HABIT_WORDS[habit] ?? habit, `habit ${habit}`), " ", words);
    cell(line, "Sessions", String(it.reporting?.sessions ?? 0)).className = "figure";
    return line;
}

/** @param {any} it What the server told of the package. @param {number} mine */
async function drawPackage(it, mine) {
    say(part("title"), it.title ?? it.topic);
    say(part("of"), [it.course, API_WORDS[it.api] ?? it.api].filter(Boolean).join(" · "));
    part("findings").replaceChildren(...drawFindings(it));
    part("whole").replaceChildren(...drawReporting(it.reporting));
    if (it.reporting.sessions > 0) part("whole").append(drawCaution());
    part("blocked").replaceChildren(...drawBlocked(it.blocked ?? []));
    part("activities").replaceChildren(...drawActivities(it.activities ?? []));
    part("state").hidden = true;
    part("package").hidden = false;
    part("title").focus();
    const { response, answer } = await ask(`/api/v1/courses/${encodeURIComponent(it.course ?? "")}`, key);
    if (mine !== asked || !response?.ok || !answer?.holds) return; // A server that tells no policy.
    const { credit, idle_limit_ms, tail_ms, external_hosts } = answer.holds;
    const whose = answer.version > 0 && Object.keys(answer.settings ?? {}).length > 0 ? "this course's own" : "the server's";
    const text = `New visits are judged by the rule “${credit}”, with an idle limit of ${seconds(idle_limit_ms)} and a tail of ${seconds(tail_ms)}: ${whose} settings.`;
    part("whole").append(make("p", text, "quiet policy"));
    part("blocked").append(make("p", hostsInWords(external_hosts), "quiet policy"));
}

part("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (part("key"));
    [key, isKnown] = [field.value.trim(), true];
    field.value = "";
    void show();
});
part("again-button").addEventListener("click", () => void show());
part("back").addEventListener("click", (event) => {
    event.preventDefault();
    location.hash = "";
});
window.addEventListener("hashchange", () => void show());
part("key").focus();
const { reader, canLogIn } = await whoIsLoggedIn();
if (canLogIn && !isKnown) offerLogin();
// Whoever has typed a key meanwhile has said already who they are.
if (reader && !reader.isOwn && !isKnown) {
    isKnown = true;
    showWho(reader);
    void show();
}
