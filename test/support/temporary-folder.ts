import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Removes the folder once this process is gone, however it went, and its PostgreSQL too.
const SWEEPER = `
cat >/dev/null
tries=0
while [ -n "$(find "$1" -name postmaster.pid 2>/dev/null)" ] && [ "$tries" -lt 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
rm -rf "$1"
`;

let root: string | undefined;

/** An empty folder that is removed after the test process has ended. Servers of any user may enter it. */
export function temporaryFolder(name: string): string {
	root ??= makeRoot();
	const folder = mkdtempSync(join(root, `${name}-`));
	chmodSync(folder, 0o711);
	return folder;
}

function makeRoot(): string {
	const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
	chmodSync(folder, 0o711);
	const sweeper = Bun.spawn(["/bin/sh", "-c", SWEEPER, "sweeper", folder], {
		stdin: "pipe",
		stdout: "ignore",
		stderr: "ignore",
		detached: true,
	});
	sweeper.unref();
	return folder;
}
