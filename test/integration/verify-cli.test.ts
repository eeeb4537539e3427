import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import type { Report } from "../../src/verify/report.ts";
import { runMillrace } from "../support/cli.ts";
import { privateDatabase } from "../support/postgres.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type Books, openBookRoom } from "../support/verdict-books.ts";
import { goodBooks } from "../support/verdict-lies.ts";

const room = await openBookRoom();
afterAll(() => room.close());

const LOCAL = {
	DATABASE_URL: room.database_url,
	MILLRACE_DATA: room.data_folder,
	PAYMENT_GATEWAY: "in-process",
};

const verify = (flags: string, environment: Record<string, string> = LOCAL) =>
	runMillrace(["verify", ...flags.split(" ").filter(Boolean)], {
		cwd: room.data_folder,
		environment,
	});

let books: Books;
beforeEach(() => {
	books = goodBooks();
	const young = ({ order_id }: { readonly order_id: string }) => order_id === "young";
	books.orders = books.orders.map((it) => (young(it) ? { ...it, age_s: 300 } : it));
	books.charges = books.charges.map((it) => (young(it) ? { ...it, age_s: 300 } : it));
});

describe("millrace verify", () => {
	test("says what it looked at and that nothing is wrong", async () => {
		await room.plant(books);
		const { code, stdout, stderr } = await verify("--settle-s 0");
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).toStartWith("Verified 7 orders in ");
		expect(stdout).toMatch(/\n {2}confirmed +2\n {2}cancelled +4\n {2}pending +1\n/);
		expect(stdout).toEndWith("\n\nNothing is wrong.\n");
	});

	test("says what is wrong, how often, and where", async () => {
		books.ledger.push({ ...books.ledger[0], key: "another" } as Books["ledger"][number]);
		await room.plant(books);
		const { code, stdout } = await verify("--settle-s 0");
		expect(code).toBe(1);
		expect(stdout).toContain("1 charged_twice: the gateway took money more than once\n");
		expect(stdout).toContain("    order sold, charged 2 times: 500 EUR, 500 EUR\n");
		expect(stdout).toEndWith("\n\n2 findings.\n");
	});

	test("--json prints one document", async () => {
		books.log.splice(0, 1);
		await room.plant(books);
		const { code, stdout, stderr } = await verify("--json --settle-s 0 --since 12h");
		expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
		const report = JSON.parse(stdout) as Report;
		expect(report.counted.orders).toBe(7);
		expect(report.findings).toEqual({
			event_missing: {
				count: 1,
				examples: [{ finding: "event_missing", order_id: "sold", detail: "orders.created.v2" }],
			},
		});
	});

	test("--no-gateway and --unknown-minutes are heeded", async () => {
		books.ledger = [];
		await room.plant(books);
		const { code, stdout } = await verify("--json --settle-s 0 --no-gateway --unknown-minutes 4");
		expect(code).toBe(1);
		const { findings, with_gateway } = JSON.parse(stdout) as Report;
		expect(with_gateway).toBe(false);
		expect(Object.keys(findings)).toContain("charge_unresolved");
		expect(Object.keys(findings)).not.toContain("unmatched_local");
	});

	test("says that there was nothing, where no module ever ran", async () => {
		const empty = await privateDatabase();
		const environment = {
			...LOCAL,
			DATABASE_URL: empty.url,
			MILLRACE_DATA: temporaryFolder("empty"),
		};
		const { code, stdout } = await verify("", environment);
		await empty.release();
		expect(code).toBe(0);
		expect(stdout).toEndWith("\n\nThere was nothing to verify.\n");
	});
});

describe("a verification that cannot be is told apart from one that found something", () => {
	const { DATABASE_URL, ...nowhere } = LOCAL;
	const { PAYMENT_GATEWAY, ...by_stripe } = LOCAL;
	test.each([
		["--since yesterday", LOCAL, 2, "--since takes a time such as 24h"],
		["--settle-s soon", LOCAL, 2, "--settle-s takes a whole number"],
		["--frobnicate", LOCAL, 2, "Unknown option '--frobnicate'"],
		["", nowhere, 78, "Name its folder with --data-dir, or set DATABASE_URL."],
		["", { ...nowhere, DATABASE_URL_ORDER: DATABASE_URL }, 78, "Set DATABASE_URL_INVENTORY"],
		["", by_stripe, 78, "Set STRIPE_API_KEY"],
		[
			"",
			{ ...by_stripe, STRIPE_API_KEY: "sk_test_x", STRIPE_API_URL: "http://127.0.0.1:9" },
			1,
			"the gateway's books cannot be read",
		],
		["", { ...LOCAL, DATABASE_URL: "postgres://127.0.0.1:9/x" }, 1, "Postgres cannot be reached"],
	])("%s", async (flags, environment, code, message) => {
		const answer = await verify(flags, environment);
		expect({ ...answer, stderr: "" }).toEqual({ code, stdout: "", stderr: "" });
		expect(answer.stderr).toStartWith("millrace: ");
		expect(answer.stderr).toContain(message);
	});
});
