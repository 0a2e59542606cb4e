// @ts-check
// PDFs for tests: pages of text with two links on the first one, written by hand after ISO 32000-1.

import { createHash } from "node:crypto";

/** What passwords are filled up with: ISO 32000-1, 7.6.3.3, algorithm 2. */
const PADDING = Buffer.from("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a", "hex");
/** What may be done with a protected PDF: everything. */
const PERMISSIONS = -4;

const md5 = (/** @type {Uint8Array} */ bytes) => createHash("md5").update(bytes).digest();

/** The cipher RC4. @param {Uint8Array} key @param {Uint8Array} bytes */
function rc4(key, bytes) {
    const box = Array.from({ length: 256 }, (_, n) => n);
    const swap = (/** @type {number} */ a, /** @type {number} */ b) => ([box[a], box[b]] = [box[b], box[a]]);
    for (let n = 0, j = 0; n < 256; n++) {
        j = (j + box[n] + key[n % key.length]) & 255;
        swap(n, j);
    }
    let [i, j] = [0, 0];
    return Buffer.from(bytes.map((byte) => {
        i = (i + 1) & 255;
        j = (j + box[i]) & 255;
        swap(i, j);
        return byte ^ box[(box[i] + box[j]) & 255];
    }));
}

/**
 * A PDF of A5 pages. Page n says `Page n of N`, and `needle` on the last one; the first has a link to the third page
 * and one to a host that does not exist.
 *
 * @param {number} pages
 * @param {{ title?: string, password?: string }} [more] `password`: what it can be opened with alone.
 */
export function pdf(pages, { title = "A lesson", password } = {}) {
    const id = md5(Buffer.from(title));
    /** @type {Buffer | undefined} */ let key;
    let security = "";
    if (password !== undefined) {
        const padded = Buffer.concat([Buffer.from(password, "latin1"), PADDING]).subarray(0, 32);
        const owner = rc4(md5(padded).subarray(0, 5), padded);
        const permissions = Buffer.alloc(4);
        permissions.writeInt32LE(PERMISSIONS);
        key = md5(Buffer.concat([padded, owner, permissions, id])).subarray(0, 5);
        const user = rc4(key, PADDING);
        security = `<</Filter/Standard/V 1/R 2/O<${owner.toString("hex")}>/U<${user.toString("hex")}>/P ${PERMISSIONS}>>`;
    }
    /** Bytes of an object, as they lie in the file. @param {number} number @param {string} text */
    const sealed = (number, text) => {
        const bytes = Buffer.from(text, "latin1");
        if (!key) return bytes;
        return rc4(md5(Buffer.concat([key, Buffer.from([number & 255, number >> 8, 0, 0, 0])])).subarray(0, 10), bytes);
    };
    /** @param {number} number @param {string} text */
    const string = (number, text) => `<${sealed(number, text).toString("hex")}>`;
    /** @param {number} n From 0. */
    const page = (n) => 6 + 2 * n;
    /** @type {Map<number, (string | Buffer)[]>} */
    const objects = new Map();
    objects.set(1, ["<</Type/Catalog/Pages 2 0 R>>"]);
    objects.set(2, [`<</Type/Pages/Count ${pages}/Kids[${Array.from({ length: pages }, (_, n) => `${page(n)} 0 R`).join(" ")}]>>`]);
    objects.set(3, ["<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"]);
    objects.set(4, [`<</Title${string(4, title)}>>`]);
    if (security) objects.set(5, [security]);
    for (let n = 0; n < pages; n++) {
        const links = n > 0 ? "" : `/Annots[${[
            `<</Type/Annot/Subtype/Link/Rect[40 480 200 500]/Border[0 0 1]/Dest[${page(Math.min(2, pages - 1))} 0 R/XYZ null null null]>>`,
            `<</Type/Annot/Subtype/Link/Rect[40 440 200 460]/Border[0 0 1]/A<</S/URI/URI${string(page(0), "https://elsewhere.invalid/")}>>>>`,
        ].join(" ")}]`;
        objects.set(page(n), [`<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 595]/Resources<</Font<</F 3 0 R>>>>/Contents ${page(n) + 1} 0 R${links}>>`]);
        const lines = [`Page ${n + 1} of ${pages}`, ...(n > 0 ? [] : ["To the third page", "To another host"]), ...(n < pages - 1 ? [] : ["The needle is here"])];
        const text = lines.map((line, at) => `BT /F ${at > 0 ? 12 : 24} Tf 44 ${at > 0 ? 525 - 40 * at : 540} Td (${line}) Tj ET`).join("\n");
        const bytes = sealed(page(n) + 1, text);
        objects.set(page(n) + 1, [`<</Length ${bytes.length}>>\nstream\n`, bytes, "\nendstream"]);
    }
    /** @type {Buffer[]} */
    const file = [Buffer.from("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "latin1")];
    /** @type {Map<number, number>} */
    const places = new Map();
    let at = file[0].length;
    const add = (/** @type {string | Buffer} */ part) => {
        const bytes = typeof part === "string" ? Buffer.from(part, "latin1") : part;
        file.push(bytes);
        at += bytes.length;
    };
    for (const [number, parts] of objects) {
        places.set(number, at);
        [`${number} 0 obj\n`, ...parts, "\nendobj\n"].forEach(add);
    }
    const table = at;
    const count = page(pages);
    const rows = Array.from({ length: count }, (_, n) => {
        const place = places.get(n);
        return place === undefined ? "0000000000 65535 f \n" : `${String(place).padStart(10, "0")} 00000 n \n`;
    });
    const hex = id.toString("hex");
    add(`xref\n0 ${count}\n${rows.join("")}trailer\n<</Size ${count}/Root 1 0 R/Info 4 0 R/ID[<${hex}><${hex}>]${security ? "/Encrypt 5 0 R" : ""}>>\nstartxref\n${table}\n%%EOF\n`);
    return Buffer.concat(file);
}
