// A host in TypeScript, checked with --strict against the types that ship: it is compiled, and never run.
import { launch, LaunchError, type Visit, type LaunchData, type Receipt } from "../../pkg/seattime.js";

const data: LaunchData = {
    api: "1.2",
    activities: [{ id: "item", url: "/content/index.html", kind: "sco" }],
    values: { item: { "cmi.core.student_id": "anna" } },
};

export async function take(frame: HTMLIFrameElement, code: string): Promise<Visit> {
    try {
        return await launch({ frame, code });
    } catch (error) {
        if (error instanceof LaunchError && error.code === "launch_used") console.warn(error.message);
        throw error;
    }
}

export async function own(frame: HTMLIFrameElement): Promise<number> {
    const transport = async (message: string, isLeaving: boolean): Promise<Receipt> => {
        const response = await fetch("/commits", { method: "POST", body: message, keepalive: isLeaving });
        return (await response.json()) as Receipt;
    };
    const visit = await launch({ frame, data, transport });
    const stop = visit.on("set", ({ element, value }) => console.log(element.toUpperCase(), value.length));
    visit.on("error", (call) => console.log(call.function, call.arguments.join(), call.code + 1));
    visit.on("saving", (saving) => {
        if (saving.state === "unsaved") console.log(saving.why, saving.retryInMs ?? 0);
    });
    visit.on("terminated", ({ activity }) => console.log(activity.id));
    // @ts-expect-error There is no such event.
    visit.on("finished", () => {});
    // @ts-expect-error Listeners are told an element, not a name.
    visit.on("set", ({ name }) => console.log(name));
    await visit.start(0);
    stop();
    const { values, measuredMs } = visit.snapshot();
    const isSaved: boolean = await visit.end();
    return isSaved ? measuredMs : Object.keys(values).length;
}
