// @ts-check
// Content's own functions and events, followed without content noticing.

/** The functions that were replaced, by their owner and name. @type {WeakMap<object, Map<string, [original: PropertyDescriptor, hook: unknown]>>} */
const hooked = new WeakMap();
// Libraries replace this function in content's windows, and may wrap each listener anew: added once a second there, one
// listener would become thousands. That of this window takes targets of other windows as well.
const { addEventListener, removeEventListener } = EventTarget.prototype;

/**
 * A function of content that is followed.
 *
 * @typedef {[
 *     owner: any,
 *     name: string,
 *     after: (self: any, answer: any, given: any[], original: Function) => void,
 *     before?: (self: any, given: any[]) => void,
 * ]} Hook `owner`: a prototype or a window. `after` is called as well where the function threw.
 */

/**
 * Follows a function. To content it looks and does as before.
 *
 * @param {Hook} hook
 */
export function hook([owner, name, after, before = () => {}]) {
    const names = namesOf(owner);
    const original = names.has(name) ? undefined : Object.getOwnPropertyDescriptor(owner, name);
    if (!original?.value) return;
    /** @param {() => void} call */
    const quietly = (call) => {
        try {
            call();
        } catch { /* Content's call goes on as if nobody had followed it. */ }
    };
    const value = new Proxy(original.value, {
        apply(target, self, given) {
            /** @type {any} */ let answer;
            quietly(() => before(self, given));
            try {
                return (answer = Reflect.apply(target, self, given));
            } finally {
                quietly(() => after(self, answer, given, target));
            }
        },
        get: (target, key) => (key === "toString" ? target.toString.bind(target) : target[key]),
    });
    names.set(name, [original, value]);
    Object.defineProperty(owner, name, { ...original, value });
}

/**
 * Gives content its function back, unless content has replaced it itself.
 *
 * @param {Hook} hook
 */
export function unhook([owner, name]) {
    const [original, value] = namesOf(owner).get(name) ?? [];
    if (original && owner[name] === value) Object.defineProperty(owner, name, original);
    namesOf(owner).delete(name);
}

/** @param {any} owner */
function namesOf(owner) {
    // A window is the same object after it went to another page, where its functions are new.
    const key = owner.window === owner ? owner.Object : owner;
    const names = hooked.get(key) ?? new Map();
    hooked.set(key, names);
    return names;
}

/**
 * Listens in the capture phase; does nothing where the same function listens already. Listeners are added again at
 * every look, since `document.open()` removes all of them
 * (https://html.spec.whatwg.org/multipage/dynamic-markup-insertion.html#document-open-steps, step 9). They have no
 * AbortSignal: each call would leave one more step with the signal, also where nothing is added.
 *
 * @param {EventTarget} target
 * @param {string[]} types
 * @param {(event: any) => void} listener
 */
export function listen(target, types, listener) {
    for (const type of types) addEventListener.call(target, type, listener, CAPTURE);
}

/** @param {EventTarget} target @param {string[]} types @param {(event: any) => void} listener */
export function unlisten(target, types, listener) {
    for (const type of types) removeEventListener.call(target, type, listener, CAPTURE);
}

const CAPTURE = { capture: true, passive: true };
