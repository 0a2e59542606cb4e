// @ts-check
// A browser with a profile that stays, whose tabs crash and which is killed.

import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import puppeteer from "puppeteer-core";
import { program } from "./testbed.js";

/** @typedef {import("puppeteer-core").Page} Page */

/** This machine by a name that browsers take for another machine's: plain http is no secure context there. */
export const OTHER_MACHINE = "lms.test";

/** One profile of a browser, started when it is needed. */
export class ExitBrowser {
    /** @type {import("puppeteer-core").Browser | undefined} */ #browser;

    /**
     * @param {import("./bare.js").Browser} name
     * @param {string} folder Of the profile.
     */
    constructor(name, folder) {
        this.name = name;
        this.folder = folder;
        mkdirSync(folder, { recursive: true });
    }

    async #started() {
        const isChrome = this.name === "chrome";
        this.#browser ??= await puppeteer.launch({
            browser: this.name,
            executablePath: isChrome ? program("CHROMIUM", "/usr/bin/chromium") : program("FIREFOX", "/usr/bin/firefox-esr"),
            headless: true,
            userDataDir: this.folder,
            args: isChrome ? ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", `--host-resolver-rules=MAP ${OTHER_MACHINE} 127.0.0.1`] : [],
            extraPrefsFirefox: { "browser.sessionstore.resume_from_crash": false, "network.dns.localDomains": OTHER_MACHINE },
        });
        return this.#browser;
    }

    async version() {
        return (await (await this.#started()).version()).replace(/^[^/]*\//, "");
    }

    /** @returns {Promise<Page>} A tab in front. */
    async newPage() {
        const page = await (await this.#started()).newPage();
        await page.bringToFront();
        return page;
    }

    /** What runs the tab dies. @param {Page} page */
    async crash(page) {
        if (this.name === "chrome") {
            const crashed = new Promise((resolve) => page.once("error", resolve));
            const cdp = await page.createCDPSession();
            void cdp.send("Page.crash").catch(() => {}); // It cannot answer.
            await crashed;
            return;
        }
        // Firefox has no order for it: the processes of its tabs are killed.
        const tabs = children(this.#browser?.process()?.pid).filter((it) => / tab$/.test(it.words));
        if (tabs.length === 0) throw new Error("no process of a tab was found");
        for (const { pid } of tabs) process.kill(pid, "SIGKILL");
        await pause(300);
    }

    /** The browser dies without warning. */
    async kill() {
        const running = this.#browser?.process();
        this.#browser = undefined;
        if (!running || running.exitCode !== null || running.signalCode !== null) return;
        const gone = new Promise((resolve) => running.once("exit", resolve));
        running.kill("SIGKILL");
        await gone;
        await pause(500); // Its other processes notice, and let go of the profile.
    }

    async close() {
        const running = this.#browser;
        this.#browser = undefined;
        await running?.close();
    }
}

/** Every process below one, with its command line. @param {number | undefined} root @returns {{ pid: number, words: string }[]} */
function children(root) {
    const all = readdirSync("/proc").filter((it) => /^\d+$/.test(it)).flatMap((pid) => {
        try {
            const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
            const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
            const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
            return [{ pid: Number(pid), parent, words }];
        } catch {
            return []; // It is gone by now.
        }
    });
    const found = all.filter((it) => it.parent === root);
    for (const one of found) found.push(...all.filter((it) => it.parent === one.pid));
    return found;
}
