// @ts-check
// The run-time of one page: opens a visit, offers content the API, keeps time, sends commits.
//
//     const visit = await launch({ frame, code });
//     await visit.start(0);

/** @typedef {import("./types.js").Activity} Activity */
/** @typedef {import("./types.js").Opened} Opened */
/** @typedef {import("./types.js").LaunchData} LaunchData */
/** @typedef {import("./types.js").Receipt} Receipt */
/** @typedef {import("./types.js").Transport} Transport */
/** @typedef {import("./types.js").Saving} Saving */
/** @typedef {import("./types.js").Call} Call */
/** @typedef {import("./types.js").VisitEvents} VisitEvents */
/** @typedef {import("./types.js").Options} Options */

export { LaunchError, launch } from "./launch.js";
export { Visit } from "./visit.js";
