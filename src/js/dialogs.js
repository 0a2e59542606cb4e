// @ts-check
// Dialogs of content: while one is open, no script of the page runs, and no clock is read
// (https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#pause). That is no sleep of the machine.

// Nobody closes a dialog in less time.
const DIALOG_MS = 20;

/**
 * @param {any} window
 * @param {(isOpen: boolean) => void} onDialog
 * @param {(refused: import("./blocked.js").Blocked) => void} onRefused The browser showed none.
 * @returns {import("./hook.js").Hook[]}
 */
export function dialogs(window, onDialog, onRefused) {
    // Content gets no sign of a refusal by a sandbox without allow-modals, or by a browser in a frame of another
    // website: https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#cannot-show-simple-dialogs
    const mayBeRefused = self !== top;
    let openedAt = 0;
    return (/** @type {const} */ (["alert", "confirm", "prompt", "print"])).map((dialog) => [
        window,
        dialog,
        (_self, _answer, [text]) => {
            onDialog(false);
            if (!mayBeRefused || dialog === "print" || performance.now() - openedAt >= DIALOG_MS) return;
            onRefused({ dialog, text: String(text ?? "") });
        },
        () => {
            onDialog(true);
            openedAt = performance.now();
        },
    ]);
}
