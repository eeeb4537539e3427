import { chmodSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

/** A disk so small that a test can fill it. */
export interface SmallDisk {
	readonly folder: string;
	/** Takes all that is free but for `bytes_left`. */
	fill(bytes_left: number): void;
	/** Frees what was filled. */
	free(): void;
	/** Unmounts it, whoever still has files open on it. */
	release(): void;
}

const BLOCK = new Uint8Array(1024 * 1024);

/** Mounts a disk in memory. @returns undefined where this user may not mount one */
export function mountSmallDisk(mebibytes: number): SmallDisk | undefined {
	const folder = temporaryFolder("disk");
	const mounted = Bun.spawnSync(
		["mount", "-t", "tmpfs", "-o", `size=${mebibytes}m,mode=0711`, "millrace-test", folder],
		{ stdout: "ignore", stderr: "ignore" },
	);
	if (!mounted.success) return undefined;
	chmodSync(folder, 0o711);
	const ballast = join(folder, "ballast");
	return {
		folder,
		fill(bytes_left) {
			writeFileSync(ballast, "");
			for (;;) {
				const { bavail, bsize } = statfsSync(folder);
				const free = bavail * bsize - bytes_left;
				if (free < BLOCK.length) return;
				writeFileSync(ballast, BLOCK, { flag: "a" });
			}
		},
		free() {
			truncateSync(ballast);
			rmSync(ballast);
		},
		release() {
			Bun.spawnSync(["umount", "-l", folder], { stdout: "ignore", stderr: "ignore" });
		},
	};
}
