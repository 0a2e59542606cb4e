declare module "simple-scorm-packager" {
    interface Options {
        version: "1.2" | "2004 4th Edition";
        organization: string;
        title: string;
        identifier: string;
        startingPage: string;
        source: string;
        package: { zip: true; outputFolder: string; date?: string; version?: string };
    }
    export default function buildPackage(options: Options, done: (message: string) => void): void;
}

declare module "archiver" {
    interface Archive extends NodeJS.ReadableStream {
        append(text: string | Buffer, entry: { name: string; date: Date }): Archive;
        finalize(): Promise<void>;
    }
    export default function archiver(format: "zip"): Archive;
}
