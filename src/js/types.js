// @ts-check
// The types of what embedding pages give and get.

/**
 * @typedef {object} Activity What can be launched.
 * @property {string} id
 * @property {string} title
 * @property {"sco" | "asset" | "media"} kind
 * @property {string} url
 * @property {number} try
 * @property {number} depth How deep it lies in the organization, from 0.
 * @property {string} status Its record in one word, as the report shows it.
 * @property {string} [completion] How far the record is completed: `unknown`, `incomplete` or `completed`.
 * @property {string} [success] Whether the record is passed: `unknown`, `failed` or `passed`.
 * @property {boolean} [auto_complete] False if a 2004 session that ends without a status leaves it as it is.
 * @property {string[]} [objectives] Its objectives in the manifest.
 * @property {{ target: string, reads: boolean, writes: boolean }[]} [data] Its maps to shared data.
 * @property {boolean} [is_visible] False if its title is not shown; it counts and can be launched all the same.
 * @property {string} [missing_file] The file that it launches, if the package lacks it; `url` is a page that says so.
 */

/**
 * @typedef {object} Opened A visit, as the server opened it.
 * @property {string} visit
 * @property {number} lease
 * @property {string} token
 * @property {string} [origin] What a restored server makes the visit again from.
 * @property {string} launch_token
 * @property {number} server_ms
 * @property {{ idle_limit_ms: number, tail_ms: number, credit: "corroborated" | "reported" | "measured", heartbeat_ms: number }} policy
 * @property {"1.2" | "2004"} api
 * @property {number} edition Of SCORM 2004, from 2.
 * @property {boolean} strict Whether content is held to the letter of the standard.
 * @property {boolean} [asks_still_here] Whether the learner is asked, a minute before time stops counting.
 * @property {boolean} [pdfs_unseen] Whether PDFs are shown by the browser's own viewer, in which reading is not seen.
 * @property {"continue" | "new" | "review" | "browse"} mode
 * @property {number} attempt
 * @property {string} course
 * @property {string} topic
 * @property {string} [return_url]
 * @property {Activity[]} activities
 * @property {number} [start] Which activity to start with, from 0.
 * @property {Record<string, Record<string, string>>} values Per activity, what its elements hold.
 * @property {Record<string, string>} [shared] Shared data, by target.
 */

/**
 * Launch data of one's own: which API content speaks and what can be launched; everything else has a default.
 *
 * @typedef {Partial<Omit<Opened, "api" | "activities">> & { api: "1.2" | "2004", activities: (Partial<Activity> & { id: string, url: string })[] }} LaunchData
 */

/**
 * @typedef {object} Receipt What a server answers to a commit.
 * @property {number} [acked] The highest number of a change that is safe; all that was sent, if left out.
 * @property {number} [heartbeat_ms] How long to wait between signs of life.
 * @property {string} [token] A fresh token.
 * @property {boolean} [need_full] Whether the server asks for everything again.
 * @property {{ session: number, element: string, code: number }[]} [refused] Values that were not kept.
 */

/**
 * Takes a commit, JSON text, somewhere. `isLeaving`: the page goes away, so what has to happen must have begun
 * before this returns. Rejects, or throws, what did not get through; it is tried again.
 *
 * @typedef {(message: string, isLeaving: boolean) => Promise<Receipt | void>} Transport
 */

/**
 * @typedef {object} Saving How safe the learner's work is.
 * @property {"saved" | "saving" | "unsaved" | "stopped"} state `stopped`: nothing of this page will be kept any more.
 * @property {number} [atMs] When it was saved, by the page's wall clock.
 * @property {number} [retryInMs] When it is tried again.
 * @property {string} [why] Code of the problem.
 * @property {string} [detail] The problem, for people.
 * @property {{ session: number, element: string, code: number }[]} [refused] Values that the server did not keep.
 */

/**
 * @typedef {object} Call What content called, and what it was answered.
 * @property {string} function As SCORM 2004 calls it, whatever the version.
 * @property {string[]} arguments
 * @property {string} answer
 * @property {number} code The error code; 0 where there was none.
 * @property {number} atMs Since the launch.
 */

/**
 * @typedef {object} VisitEvents What can be listened to, and what is told then.
 * @property {{ activity: Activity }} initialized Content called Initialize.
 * @property {{ element: string, value: string }} set Content set a value.
 * @property {{ activity: Activity }} committed Content called Commit.
 * @property {{ activity: Activity }} terminated Content called Terminate.
 * @property {{ activity: Activity }} taken Content was taken away.
 * @property {Call} error A call of content was refused.
 * @property {Call} call Content called anything.
 * @property {import("./blocked.js").Blocked} blocked The browser refused a request or a dialog of content.
 * @property {Saving} saving The state of saving changed.
 * @property {{ measuredMs: number, isCounting: boolean, isIdle: boolean }} second The time, once a second; `isIdle`: the
 *     last sign of the learner is longer ago than the idle limit.
 */

/**
 * @typedef {object} Options
 * @property {HTMLIFrameElement} frame Where content is shown.
 * @property {string} [code] The launch's code.
 * @property {string} [launchToken] Or, after a reload, the token of the visit before.
 * @property {LaunchData} [data] Or launch data of one's own, without asking a server.
 * @property {string} [server] Where the server is; this page's own, if left out.
 * @property {Transport} [transport] Where commits go instead.
 * @property {Window} [window] Where content finds the API; this window, if left out.
 * @property {import("./instance.js").Source | Promise<import("./instance.js").Source>} [wasm] The run-time's wasm, if not beside this module.
 */

export {};
