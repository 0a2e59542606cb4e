// @ts-check
// What outlives the page: per visit, the messages that hold all that the server has not acknowledged.

const DATABASE = "seattime";
const STORE = "visits";
const COPY = "seattime:";

/** @type {Promise<IDBDatabase | null>} */
let opened;

function database() {
    opened ??= new Promise((resolve) => {
        try {
            const request = indexedDB.open(DATABASE, 1);
            request.onupgradeneeded = () => request.result.createObjectStore(STORE);
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => resolve(null); // Private windows may refuse; then the network is all there is.
        } catch {
            resolve(null);
        }
    });
    return opened;
}

/** @type {IDBDatabase | null} At hand without waiting, for the page's exit. */
let ready = null;

/** Opens the place; everything else works without it, only less safely. */
export async function open() {
    ready = await database();
}

/**
 * Writes a visit's messages down; later ones replace them.
 *
 * @param {string} visit
 * @param {string[]} messages
 * @returns {Promise<boolean>} Whether they are written.
 */
export function keep(visit, messages) {
    return change((store) => store.put(messages, visit));
}

/**
 * Forgets a visit: all of it is acknowledged.
 *
 * @param {string} visit
 */
export function forget(visit) {
    try {
        localStorage.removeItem(COPY + visit);
    } catch { /* Storage may be switched off. */ }
    return change((store) => store.delete(visit));
}

/**
 * A second copy that is there before the call returns, for a page that is going away.
 *
 * @param {string} visit
 * @param {string[]} messages
 */
export function copy(visit, messages) {
    try {
        localStorage.setItem(COPY + visit, JSON.stringify(messages));
    } catch { /* Full, or switched off: the copy is never the only one. */ }
}

/** @returns {Promise<Map<string, string[]>>} Every visit that left something behind, with its messages. */
export async function leftovers() {
    /** @type {Map<string, string[]>} */
    const found = new Map();
    const ids = /** @type {string[]} */ (await ask((store) => store.getAllKeys()) ?? []);
    const messages = /** @type {string[][]} */ (await ask((store) => store.getAll()) ?? []);
    ids.forEach((id, n) => found.set(id, messages[n]));
    try {
        for (const key of Object.keys(localStorage)) {
            if (!key.startsWith(COPY)) continue;
            const copied = parsed(localStorage.getItem(key) ?? "") ?? [];
            const id = key.slice(COPY.length);
            // Of two, the one that knows more; both are whole.
            if (seqOf(copied) > seqOf(found.get(id))) found.set(id, copied);
        }
    } catch { /* Switched off. */ }
    return found;
}

/** The number of the last change in them. @param {string[] | undefined} messages */
function seqOf(messages) {
    return parsed(messages?.at(-1) ?? "")?.seq ?? -1;
}

/**
 * What a text says; undefined where it is not whole.
 *
 * @param {string} text
 * @returns {any}
 */
export function parsed(text) {
    try {
        return JSON.parse(text);
    } catch { /* A page that is taken away may have broken off in the middle. */ }
}

/**
 * @param {(store: IDBObjectStore) => IDBRequest} act
 * @returns {Promise<boolean>}
 */
function change(act) {
    return new Promise((resolve) => {
        try {
            if (ready === null) return resolve(false);
            const transaction = ready.transaction(STORE, "readwrite");
            transaction.oncomplete = () => resolve(true);
            transaction.onabort = () => resolve(false);
            act(transaction.objectStore(STORE));
            transaction.commit?.();
        } catch {
            resolve(false);
        }
    });
}

/**
 * @param {(store: IDBObjectStore) => IDBRequest} act
 * @returns {Promise<unknown>}
 */
function ask(act) {
    return new Promise((resolve) => {
        try {
            if (ready === null) return resolve(undefined);
            const request = act(ready.transaction(STORE, "readonly").objectStore(STORE));
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => resolve(undefined);
        } catch {
            resolve(undefined);
        }
    });
}
