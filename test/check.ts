import { check } from "./check/command.ts";
import { STEPS } from "./check/steps.ts";

process.exitCode = await check(STEPS, Bun.argv.slice(2));
