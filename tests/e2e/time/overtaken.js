// @ts-check
// The last message of a visit is still under way when the next visit begins, on another device.

import assert from "node:assert/strict";
import { silent } from "../packages.js";
import { work } from "../stage.js";
import { MINUTE, SECOND } from "../world.js";

/** @type {import("../stage.js").Story} */
export default {
    heading: "Network",
    name: "exit message overtaken by the next visit",
    content: () => silent("2004"),
    truthS: 600, // Five minutes, two seconds to the phone, five minutes there.
    take: async (stage) => {
        const course = await stage.open();
        await course.read(`(() => {
            const { fetch } = window;
            window.fetchLater = undefined;
            navigator.sendBeacon = () => false;
            window.fetch = (url, request) => {
                if (JSON.parse(request.body).reason !== "hidden") return fetch(url, request);
                localStorage.setItem("test-held", request.body);
                return new Promise(() => {});
            };
        })()`);
        await work(course, 4);
        await course.advance(MINUTE - 5 * SECOND);
        await course.advance(5 * SECOND);
        await course.hide();
        const held = await course.read(`localStorage.getItem("test-held")`);
        await course.close();

        await stage.later(2 * SECOND);
        const phone = await stage.open({ on: "phone" });
        await work(phone, 3);
        const answer = await fetch(stage.world.at("/run/v1/commits"), { method: "POST", headers: { "content-type": "application/json" }, body: held });
        assert.equal(answer.status, 409, "what it says is kept, but its visit is over");
        await phone.advance(2 * MINUTE);
        await phone.close();
    },
    check: (row) => {
        assert.equal(row.details.length, 2);
        assert.equal(row.details[0].measured_ms, 300_000);
    },
};
