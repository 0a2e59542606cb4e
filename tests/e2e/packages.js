// @ts-check
// The packages that the stories take: two built by npm's simple-scorm-packager, the others by hand.

import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import archiver from "archiver";
import packager from "simple-scorm-packager";
import { pdf } from "./pdf_file.js";
import { ROOT } from "./testbed.js";

/** @typedef {"1.2" | "2004"} Version */

const require = createRequire(import.meta.url);

/**
 * A page; `isReady` tells the stories that its script has run.
 *
 * @param {string} title
 * @param {string} script
 */
function page(title, script) {
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body style="font-family: sans-serif; margin: 2rem"><h1>${title}</h1><p>Read this, and take your time.</p>
<script>${script}; window.isReady = true;</script></body></html>`;
}

/**
 * A course around the pipwerks wrapper, as npm packages it; it never calls LMSFinish by itself.
 *
 * @param {Version} version
 * @param {string} [title]
 */
export async function wrapped(version, title = `Wrapped ${version}`) {
    const folder = mkdtempSync(join(tmpdir(), "seattime-package-"));
    const source = join(folder, "source");
    mkdirSync(source);
    copyFileSync(require.resolve("@gamestdio/scorm"), join(source, "scorm.js"));
    const script = `</script><script>var exports = {};</script><script src="scorm.js"></script><script>
        var scorm = exports.scorm;
        scorm.configure({ version: "${version}" });
        var isInitialized = scorm.initialize()`;
    writeFileSync(join(source, "index.html"), page(title, script));
    const outputFolder = join(folder, "zip");
    // It tells every file that it copies, and its faults the same way.
    const { log } = console;
    /** @type {unknown[][]} */
    const told = [];
    console.log = (...line) => told.push(line);
    await new Promise((resolve) => packager({
        version: version === "1.2" ? "1.2" : "2004 4th Edition",
        organization: "Seattime",
        title,
        identifier: title.replaceAll(" ", "-"),
        startingPage: "index.html",
        source,
        package: { zip: true, outputFolder },
    }, resolve)).finally(() => (console.log = log));
    const [zip] = readdirSync(outputFolder);
    if (!zip) throw new Error(`the packager made no zip: ${told.join("; ")}`);
    const bytes = readFileSync(join(outputFolder, zip));
    rmSync(folder, { recursive: true });
    return bytes;
}

/** Lines that every page by hand needs; `api` is the API, whatever its version. */
const FIND = `
    var api = parent.API || parent.API_1484_11;
    var call = function (name, a, b) {
        return (api["LMS" + (name === "Terminate" ? "Finish" : name)] || api[name])(a === undefined ? "" : a, b);
    };
    var answers = [call("Initialize")]`;

/** Never says anything of time. @param {Version} version @param {string} [title] */
export function silent(version, title = "Silent") {
    return zip(version, title, { [title]: page(title, FIND) });
}

/** Says on its way out (in old packages, that is `unload`) how long the wall clock went. @param {Version} version @param {string} [title] */
export function wallClock(version, title = "Wall clock") {
    const element = version === "1.2" ? "cmi.core.session_time" : "cmi.session_time";
    const text = version === "1.2"
        ? `var two = function (n) { return ("0" + n).slice(-2); };
           var text = two(Math.floor(s / 3600)) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60)`
        : `var text = "PT" + s + "S"`;
    return zip(version, title, {
        [title]: page(title, `${FIND};
            var began = new Date();
            addEventListener("${version === "1.2" ? "unload" : "pagehide"}", function () {
                var s = Math.round((new Date() - began) / 1000);
                ${text};
                call("SetValue", "${element}", text);
                call("Terminate");
            })`),
    });
}

/**
 * Keeps everything for `unload`, as old packages do: only there it sets its values, and calls LMSFinish.
 *
 * @param {string} [title]
 */
export function lastWords(title = "Last words") {
    const script = `${FIND};
        addEventListener("unload", function () {
            call("SetValue", "cmi.core.lesson_location", "page-7");
            call("SetValue", "cmi.core.score.raw", "81");
            call("SetValue", "cmi.suspend_data", "x".repeat(4000));
            call("SetValue", "cmi.core.lesson_status", "incomplete");
            call("SetValue", "cmi.core.exit", "suspend");
            call("Terminate");
        })`;
    return zip("1.2", title, { [title]: page(title, script), "The rest": page("The rest", FIND) });
}

/**
 * Plays media, and says nothing of time. Its page has the films of `tests/media/` beside it.
 *
 * @param {string} title
 * @param {string} body
 * @param {Record<string, string>} [more] Further pages, by path.
 */
export function playing(title, body, more = {}) {
    const files = Object.fromEntries(["film.webm", "tone.ogg"].map((it) => [it, readFileSync(join(ROOT, "tests/media", it))]));
    return zip("1.2", title, { [title]: `<!doctype html><title>${title}</title>${body}<script>${FIND}; window.isReady = true;</script>` },
        [], { ...files, ...more });
}

/** A lesson of thirty pages beside a page that shows it in some way; never says anything of time. @param {string} title @param {string} body */
export function withPdf(title, body) {
    const html = `<!doctype html><title>${title}</title><body style="margin: 0">${body}<script>${FIND}; window.isReady = true;</script>`;
    return zip("1.2", title, { [title]: html }, [], { "lesson.pdf": pdf(30) });
}

/** Whatever files, beside a page that does nothing. @param {string} title @param {Record<string, Buffer>} files */
export function withFiles(title, files) {
    return zip("1.2", title, { [title]: page(title, FIND) }, [], files);
}

/** A lesson of thirty pages as the SCO itself. @param {string} title */
export function onlyPdf(title) {
    return zip("1.2", title, { [title]: pdf(30) }, [], {}, "pdf");
}

/** Says on its way out the same time, whatever it was. @param {string} duration As SCORM 2004 writes it. @param {string} [title] */
export function claiming(duration, title = "Claiming") {
    const script = `${FIND};
        addEventListener("pagehide", function () {
            call("SetValue", "cmi.session_time", "${duration}");
            call("Terminate");
        })`;
    return zip("2004", title, { [title]: page(title, script) });
}

/** Does not know that there is an API. @param {Version} version @param {string} [title] */
export function mute(version, title = "Mute") {
    return zip(version, title, { [title]: page(title, "") });
}

/**
 * Says a word, then opens a second window of itself: at a click anywhere, or as soon as it is loaded.
 *
 * @param {"click" | "load"} when
 * @param {string} [title]
 */
export function opening(when, title = "Opening") {
    const script = `${FIND}; addEventListener("${when}", function () { window.open("2.html") })`;
    return zip("2004", title, { "A word": page("A word", FIND), [title]: page(title, script), "The rest": page("The rest", "") });
}

/**
 * Has a link or a form that opens the lesson in a window.
 *
 * @param {string} opener The element; what is clicked is `#it`. The lesson is `2.html`.
 * @param {string} [title]
 */
export function linking(opener, title = "Linking") {
    const body = `<!doctype html><title>${title}</title>${opener}<script>window.isReady = true</script>`;
    const find = `
        var up = opener;
        var api = up.API || up.parent.API;
        var answers = [api.LMSInitialize("")]`;
    return zip("1.2", title, { [title]: body }, [], { "2.html": page("The lesson", find) });
}

/**
 * Rewrites itself while it is loaded, or later.
 *
 * @param {string} script What rewrites it; `PAGE` is the new page.
 * @param {string} [title]
 */
export function rewriting(script, title = "Rewriting") {
    const text = JSON.stringify(page("Rewritten", "")).replaceAll("</", "<\\/");
    return zip("1.2", title, { [title]: page(title, `${FIND}; var PAGE = ${text}; ${script}`) });
}

/** A frame that fills the window. @param {string} source */
const FILLING = (source) => `<iframe style="border: 0; position: fixed; inset: 0; width: 100%; height: 100%" src="${source}"></iframe>`;

/** Shows a page of another origin, and nothing else. @param {Version} version @param {string} [title] */
export function foreign(version, title = "Foreign") {
    const script = `${FIND};
        document.body.innerHTML = '${FILLING("data:text/html,<p>Click here")}'`;
    return zip(version, title, { [title]: page(title, script) });
}

/** Shows another page of the package, in a frame that no window lists. @param {Version} version @param {string} [title] */
export function sunken(version, title = "Sunken") {
    const script = `${FIND};
        document.body.attachShadow({ mode: "open" }).innerHTML = '${FILLING("1.html")}'`;
    return zip(version, title, { [title]: page(title, script), "Inside": page("Inside", "") });
}

/** An asset between two SCOs. @param {Version} version @param {string} [title] */
export function mixed(version, title = "Mixed") {
    return zip(version, title, { "Part A": page("Part A", FIND), "Picture": page("Picture", ""), "Part B": page("Part B", FIND) }, ["Picture"]);
}

/** Two SCOs, neither of which ever ends itself. @param {Version} version @param {string} [title] */
export function two(version, title = "Two parts") {
    return zip(version, title, { "Part A": page("Part A", FIND), "Part B": page("Part B", FIND) });
}

/** A lesson that is shown, and a quiz whose title is hidden. @param {Version} version @param {string} [title] */
export async function hiding(version, title = "Hiding") {
    return zip(version, title, { Lesson: page("Lesson", FIND), Quiz: page("Quiz", FIND) }, [], {}, "html", ["Quiz"]);
}

/** One page that says nothing to anybody. @param {Version} version @param {string} [title] */
export function asset(version, title = "Asset") {
    return zip(version, title, { [title]: page(title, "") }, [title]);
}

/** Two pages that say nothing to anybody. @param {Version} version @param {string} [title] */
export function assets(version, title = "Assets") {
    return zip(version, title, { One: page("One", ""), Two: page("Two", "") }, ["One", "Two"]);
}

/** A SCO by its manifest whose page never gets so far that it looks for the API. @param {string} title @param {string} script */
export function failing(title, script) {
    return zip("2004", title, { [title]: `<!doctype html><title>${title}</title><script>window.isReady = true;</script>${script}` });
}

/** A SCO by its manifest whose page never looks for the API. @param {Version} version @param {string} [title] */
export function deaf(version, title = "Deaf") {
    return zip(version, title, { [title]: page(title, "") });
}

/**
 * @param {Version} version
 * @param {string} title
 * @param {Record<string, string | Buffer>} scos Pages by title.
 * @param {string[]} [assets] Which of them are none.
 * @param {Record<string, string | Buffer>} [files] What lies beside them, by path.
 * @param {string} [extension] Of the pages.
 * @param {string[]} [hidden] Which titles are hidden.
 */
async function zip(version, title, scos, assets = [], files = {}, extension = "html", hidden = []) {
    const titles = Object.keys(scos);
    const is12 = version === "1.2";
    const spaces = is12
        ? `xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"`
        : `xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"`;
    const type = is12 ? "adlcp:scormtype" : "adlcp:scormType";
    const items = titles.map((it, n) => `<item identifier="item-${n}" identifierref="res-${n}"${hidden.includes(it) ? ' isvisible="false"' : ""}><title>${it}</title></item>`);
    const kind = (/** @type {string} */ it) => (assets.includes(it) ? "asset" : "sco");
    const resources = titles.map((it, n) =>
        `<resource identifier="res-${n}" type="webcontent" ${type}="${kind(it)}" href="${n}.${extension}"><file href="${n}.${extension}"/></resource>`);
    const manifest = `<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="${title.replaceAll(" ", "-")}-${version}" version="1.0" ${spaces}>
<metadata><schema>ADL SCORM</schema><schemaversion>${is12 ? "1.2" : "2004 4th Edition"}</schemaversion></metadata>
<organizations default="org"><organization identifier="org"><title>${title}</title>${items.join("")}</organization></organizations>
<resources>${resources.join("")}</resources>
</manifest>`;
    const archive = archiver("zip");
    /** @type {Uint8Array[]} */
    const chunks = [];
    archive.on("data", (chunk) => chunks.push(chunk));
    const ended = once(archive, "end");
    const date = new Date("2031-01-01T00:00:00Z");
    archive.append(manifest, { name: "imsmanifest.xml", date });
    titles.forEach((it, n) => archive.append(scos[it], { name: `${n}.${extension}`, date }));
    for (const [name, bytes] of Object.entries(files)) archive.append(bytes, { name, date });
    await archive.finalize();
    await ended;
    return Buffer.concat(chunks);
}
