import { check } from "./command.ts";
import type { Step } from "./step.ts";

// A check whose steps come from the command line, so that a test can plant steps that fail, hang or
// find nothing to run.
const [steps = "[]", ...args] = Bun.argv.slice(2);
process.exitCode = await check(JSON.parse(steps) as Step[], args);
