import { scanEntries } from "../transparency/scan-entries.ts";

declare const self: Worker;

/** A thread that scans bundles: a list of them comes in, what is in them goes out. */
self.onmessage = ({ data }: MessageEvent<Uint8Array[]>) => self.postMessage(scanEntries(data));
