// @ts-check
// The way from browsers to the server: it can be cut or slow, and it knows what the server acknowledged.

import { Agent, createServer, request as ask } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { gunzipSync } from "node:zlib";

/**
 * @typedef {object} Passed A message of a page that the server answered with 200.
 * @property {string} visit
 * @property {any} message
 * @property {any} answer
 */

/** A proxy on an origin of its own, so that the server behind it may be cut off while the origin stays. */
export class Link {
    /** Nothing passes, and what is open is broken off. */
    #isCut = false;
    /** How long each request to the run-time's addresses is under way before the server sees it, in ms. */
    delayMs = 0;
    /** @type {Passed[]} */ passed = [];
    #agent = new Agent({ keepAlive: true });
    /** @type {Set<import("node:net").Socket>} */ #sockets = new Set();
    /** @type {import("node:http").Server} */ #server;
    url = "";

    /** @param {string} target The server's origin. */
    constructor(target) {
        this.target = target;
        this.#server = createServer((request, response) => void this.#pass(request, response));
        this.#server.on("connection", (socket) => {
            this.#sockets.add(socket);
            socket.on("close", () => this.#sockets.delete(socket));
        });
    }

    async open() {
        await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
        this.url = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (this.#server.address()).port}`;
        return this;
    }

    cut() {
        this.#isCut = true;
        for (const socket of this.#sockets) socket.destroy();
    }

    mend() {
        this.#isCut = false;
    }

    close() {
        this.cut();
        this.#agent.destroy();
        this.#server.close();
    }

    /**
     * @param {import("node:http").IncomingMessage} request
     * @param {import("node:http").ServerResponse} response
     */
    async #pass(request, response) {
        response.on("error", () => {});
        if (this.#isCut) return void request.socket.destroy();
        /** @type {Buffer[]} */
        const chunks = [];
        try {
            for await (const chunk of request) chunks.push(chunk);
        } catch {
            return; // The page broke off before all of it was here.
        }
        const isMessage = request.url?.startsWith("/run/v1/") ?? false;
        if (isMessage && this.delayMs > 0) await pause(this.delayMs);
        if (this.#isCut) return void request.socket.destroy();
        const body = Buffer.concat(chunks);
        const { method, headers, url } = request;
        const onward = ask(this.target + url, { method, headers, agent: this.#agent }, (answer) => {
            /** @type {Buffer[]} */
            const answered = [];
            answer.on("data", (it) => answered.push(it));
            answer.on("end", () => {
                const bytes = Buffer.concat(answered);
                if (isMessage && answer.statusCode === 200) {
                    this.#note(headers["content-encoding"] === "gzip" ? gunzipSync(body) : body, bytes);
                }
                response.writeHead(answer.statusCode ?? 502, answer.headers).end(bytes);
            });
        });
        onward.on("error", () => request.socket.destroy());
        onward.end(body);
    }

    /**
     * @param {Buffer} body
     * @param {Buffer} answered
     */
    #note(body, answered) {
        const message = JSON.parse(body.toString());
        if (message.visit) this.passed.push({ visit: message.visit, message, answer: JSON.parse(answered.toString()) });
    }
}
