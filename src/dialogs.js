// @ts-check
// Dialogs of content: while one is open, no script of the page runs, and no clock is read
// (https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#pause). That is no sleep of the machine.

/**
 * @param {any} window
 * @param {(isOpen: boolean) => void} onDialog
 * @returns {import("./hook.js").Hook[]}
 */
export function dialogs(window, onDialog) {
    return ["alert", "confirm", "prompt", "print"].map((name) =>
        [window, name, () => onDialog(false), () => onDialog(true)]);
}
