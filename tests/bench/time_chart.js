// @ts-check
// How far each figure lies from the truth, drawn: a bar a story, ours above the peer's, on an axis of powers.

const SHADE = { ours: "#2a7a4f", peer: "#b4553a", text: "#333", line: "#d8d8d8", ground: "#fff" };
const MARKS = /** @type {[number, string][]} */ ([[1, "1 s"], [10, "10 s"], [60, "1 min"], [600, "10 min"], [3600, "1 h"], [36_000, "10 h"]]);
const [LEFT, WIDTH, ROW, TOP] = [480, 420, 26, 88];

/** Where an error lies; what is under half a second is none. @param {number} s */
const at = (s) => (s < 0.5 ? 0 : (WIDTH * (Math.log10(s) - Math.log10(0.5))) / (Math.log10(60_000) - Math.log10(0.5)));

/** @param {string} text */
const safe = (text) => text.replace(/[&<>]/g, (it) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[it] ?? it);

/**
 * @param {{ name: string, oursS: number, peerS: number, truthS: number }[]} lines
 * @param {string} peer
 */
export function chart(lines, peer) {
    const height = TOP + lines.length * ROW + 16;
    /** @type {string[]} */
    const parts = [];
    for (const [s, name] of MARKS) {
        const x = LEFT + at(s);
        parts.push(`<path d="M${x.toFixed(1)} ${TOP - 6}V${height - 12}" stroke="${SHADE.line}"/>`);
        parts.push(`<text x="${x.toFixed(1)}" y="${TOP - 12}" text-anchor="middle">${name}</text>`);
    }
    for (const [n, { name, oursS, peerS, truthS }] of lines.entries()) {
        const y = TOP + n * ROW;
        parts.push(`<text x="${LEFT - 10}" y="${y + 13}" text-anchor="end">${safe(name)}</text>`);
        for (const [row, who, s] of /** @type {[number, "ours" | "peer", number][]} */ ([[0, "ours", oursS], [1, "peer", peerS]])) {
            const width = Math.max(2, at(Math.abs(s - truthS)));
            parts.push(`<rect x="${LEFT}" y="${y + 2 + row * 9}" width="${width.toFixed(1)}" height="8" fill="${SHADE[who]}"/>`);
        }
    }
    const legend = [["ours", "Seattime"], ["peer", peer]].map(([who, name], n) =>
        `<rect x="${LEFT + n * 120}" y="36" width="12" height="12" fill="${SHADE[/** @type {"ours" | "peer"} */ (who)]}"/>`
        + `<text x="${LEFT + n * 120 + 18}" y="46">${safe(name)}</text>`);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 40}" height="${height}" font-family="sans-serif" font-size="12" fill="${SHADE.text}">
<title>How far the time lies from the truth, where either is off by over a second</title>
<rect width="100%" height="100%" fill="${SHADE.ground}"/>
<text x="10" y="24" font-size="14">How far the time lies from the truth, where either is off by over a second</text>
${[...legend, ...parts].join("\n")}
</svg>
`;
}
