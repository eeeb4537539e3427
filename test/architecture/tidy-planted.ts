import * as code from "./tidy-code.ts";
import type { Check } from "./tidy-file.ts";
import * as text from "./tidy-text.ts";

/** A check with files it must complain about and files it must let through. */
export interface Planted {
	readonly check: Check;
	readonly bad: readonly [path: string, text: string][];
	readonly good: readonly [path: string, text: string][];
}

const longLine = `const a = "${"a".repeat(120)}";\n`;
const longBody = "\tcall();\n".repeat(70);

const inner = `\tconst b = () => {\n${"\tcall();\n".repeat(50)}\t};\n`;

/** Every check of the tidy test by its name. */
export const PLANTED: Readonly<Record<string, Planted>> = {
	topicNames: {
		check: text.topicNames,
		bad: [
			["src/messaging/utils.ts", ""],
			["src/shared/money.ts", ""],
			["test/support/order-helpers.ts", ""],
			["src/core/a.ts", ""],
			["src/lib/a.ts", ""],
			["src/http/common.ts", ""],
			["src/database/connection-manager.ts", ""],
			["src/http/base.ts", ""],
			["src/http/index.ts", ""],
		],
		good: [
			["src/database/connection.ts", ""],
			["src/console/index.html", ""],
		],
	},
	shortFiles: {
		check: text.shortFiles,
		bad: [["src/app.ts", "a();\n".repeat(401)]],
		good: [
			["src/app.ts", "a();\n".repeat(400)],
			["bun.lock", "a\n".repeat(401)],
		],
	},
	shortLines: {
		check: text.shortLines,
		bad: [["src/app.ts", longLine]],
		good: [
			["README.md", longLine],
			["src/app.ts", `// see https://example.com/${"a".repeat(120)}\n`],
		],
	},
	nothingLeftOver: {
		check: text.nothingLeftOver,
		bad: [
			["src/app.ts", "// TODO: stop the relay\n"],
			["docs/operations.md", "FIXME\n"],
			["deploy/compose.yaml", "# XXX\n"],
		],
		good: [["src/app.ts", "mktemp('/tmp/XXXXXX');\n"]],
	},
	noSilencedCompiler: {
		check: text.noSilencedCompiler,
		bad: [
			["src/app.ts", "// @ts-ignore\n"],
			["test/e2e/a.test.ts", "// @ts-nocheck\n"],
		],
		good: [["src/app.ts", "// @ts-expect-error the driver's types lack this option\n"]],
	},
	noRegistryHost: {
		check: text.noRegistryHost,
		bad: [
			["bun.lock", '"zod": ["zod@4", "https://packages.acme.net/zod-4.0.0.tgz"]\n'],
			["bunfig.toml", 'registry = "http://localhost:4873"\n'],
			["Dockerfile", "RUN bun install --registry https://registry.acme.internal\n"],
			["README.md", "https://npm.acme.com/\n"],
		],
		good: [
			["src/telemetry/metrics.ts", "registry.metrics(); registry.register.name;\n"],
			["deploy/compose.yaml", "image: registry.example.com/millrace:1\n"],
		],
	},
	noHomeFolder: {
		check: text.noHomeFolder,
		bad: [["config/default.toml", 'directory = "/home/ann/millrace"\n']],
		good: [["src/app.ts", 'routes.get("/v1/orders/home/x");\n']],
	},
	oneTitle: {
		check: text.oneTitle,
		bad: [
			["README.md", "no title\n"],
			["docs/a.md", "# one\n# two\n"],
		],
		good: [["README.md", "# one\n```sh\n# a comment\n```\n## part\n"]],
	},
	shortFunctions: {
		check: code.shortFunctions,
		bad: [
			["src/a.ts", `// é\nfunction a() {\n${longBody}}\n`],
			["src/a.ts", `const a = () => {\n${longBody}};\n`],
			["src/a.ts", `class A {\n\tb() {\n${longBody}}\n}\n`],
			["src/a.ts", `const a = { b() {\n${longBody}} };\n`],
			["src/a.ts", `function a() {\n\tconst b = () => {\n${longBody}\t};\n}\n`],
			["src/a.ts", `function a() {\n${inner.repeat(3)}}\n`],
			["test/a.test.ts", `test("a", () => {\n${longBody}});\n`],
		],
		good: [
			["src/a.ts", `function a() {\n${"\tcall();\n".repeat(68)}}\n`],
			["src/a.ts", `function a() {\n${inner.repeat(2)}}\n`],
			["test/a.test.ts", `describe("a", () => {\n${longBody}});\n`],
		],
	},
	environmentInConfig: {
		check: code.environmentInConfig,
		bad: [
			["src/app.ts", "const port = process.env.PORT;\n"],
			["src/app.ts", "const { PORT } = Bun.env;\n"],
			["src/app.ts", "connect(import.meta.env);\n"],
		],
		good: [
			["src/config.ts", "read(process.env);\n"],
			["test/support/ports.ts", "process.env.CI;\n"],
			["src/app.ts", '// process.env is read in config.ts\nlog("Bun.env");\n'],
		],
	},
	oneSettler: {
		check: code.oneSettler,
		bad: [
			["src/modules/order/settle-order.ts", "message.ack();\n"],
			["src/messaging/relay.ts", "batch[0]?.nak(5);\n"],
			["src/messaging/dead-letter.ts", 'delivery.message.term("x");\n'],
		],
		good: [
			["src/messaging/settle.ts", "message.ack();\n"],
			["src/messaging/relay.ts", "acknowledge(lease.term);\n"],
		],
	},
	pureRules: {
		check: code.pureRules,
		bad: [
			["src/modules/order/order.ts", "const now = Date.now();\n"],
			["src/modules/order/order.ts", "const now = new Date();\n"],
			["src/modules/order/order.ts", "const id = crypto.randomUUID();\n"],
			["src/modules/order/order.ts", "const id = Bun.randomUUIDv7();\n"],
			["src/modules/order/order.ts", "const id = randomUUID();\n"],
			["src/modules/order/order.ts", "const chance = Math.random();\n"],
			["src/modules/order/order.ts", "const answer = await charge();\n"],
		],
		good: [
			["src/modules/order/place-order.ts", "const now = Date.now();\n"],
			["src/modules/order/order.ts", "const late = Math.max(now, deadline);\n"],
			["src/modules/order/order.ts", "const at = new Date(order.created_at_ms);\n"],
		],
	},
	noSleepInTests: {
		check: code.noSleepInTests,
		bad: [
			["test/fault/a.test.ts", "await Bun.sleep(10);\n"],
			["src/messaging/a.test.ts", "setTimeout(done, 10);\n"],
			["test/e2e/a.test.ts", 'import { setTimeout as wait } from "node:timers/promises";\n'],
		],
		good: [
			["test/support/wait.ts", "await Bun.sleep(10);\n"],
			["src/messaging/relay.ts", "setTimeout(sweep, 10);\n"],
		],
	},
	consoleOnCommandLine: {
		check: code.consoleOnCommandLine,
		bad: [["src/http/server.ts", 'console.log("up");\n']],
		good: [
			["src/cli/start.ts", 'console.log("up");\n'],
			["src/main.ts", "console.error(error);\n"],
		],
	},
	noAsAny: {
		check: code.noAsAny,
		bad: [["test/e2e/a.test.ts", "const a = (await response.json()) as any;\n"]],
		good: [["src/app.ts", "// as any operator knows\nconst a = b as unknown;\n"]],
	},
	noDefaultExport: {
		check: code.noDefaultExport,
		bad: [
			["src/app.ts", "export default function app() {}\n"],
			["src/app.ts", "export default app;\n"],
		],
		good: [
			["src/text.d.ts", "declare const text: string;\nexport default text;\n"],
			["drizzle.config.ts", "export default {};\n"],
		],
	},
	noExportAll: {
		check: code.noExportAll,
		bad: [
			["src/contracts/all.ts", 'export * from "./money.ts";\n'],
			["src/contracts/all.ts", 'export * as money from "./money.ts";\n'],
		],
		good: [["src/contracts/all.ts", 'export { cents } from "./money.ts";\n']],
	},
};
