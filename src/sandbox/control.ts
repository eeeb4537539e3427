import type { Counts } from "./counts.ts";
import { checkFaults, type Faults } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { type Outage, type OutageKind, outageKinds } from "./outage.ts";
import type { Webhooks } from "./webhooks.ts";

const SECONDS_MAX = 86_400;
const LINES_A_CHUNK = 1_000;

export interface ControlNeeds {
	readonly ledger: Ledger;
	readonly faults: Faults;
	readonly outage: Outage;
	readonly webhooks: Webhooks;
	readonly counts: Counts;
	readonly seed: number;
}

/** What is under /_sandbox: switches of the faults, and what happened. */
export function createControl(needs: ControlNeeds) {
	const { ledger, faults, outage, webhooks } = needs;
	const routes: Record<string, (request: Request) => Response | Promise<Response>> = {
		"GET /_sandbox/faults": () => Response.json(faults.settings),
		"PUT /_sandbox/faults": async (request) => {
			faults.set(checkFaults(await request.json()));
			return Response.json(faults.settings);
		},
		"DELETE /_sandbox/faults": () => {
			faults.set({});
			return Response.json({});
		},
		"GET /_sandbox/outage": () => Response.json(outageView(outage)),
		"POST /_sandbox/outage": async (request) => {
			const { kind, seconds } = checkOutage(await request.json());
			// One that closes the port would take this answer with it.
			if (kind === "refuse") setTimeout(() => outage.begin(kind, seconds));
			else outage.begin(kind, seconds);
			return Response.json({ kind, seconds_left: seconds });
		},
		"DELETE /_sandbox/outage": () => {
			outage.end();
			return Response.json(outageView(outage));
		},
		"GET /_sandbox/webhook": () => Response.json(webhooks.settings),
		"PUT /_sandbox/webhook": async (request) => {
			webhooks.set(await request.json());
			return Response.json(webhooks.settings);
		},
		"GET /_sandbox/stats": () => Response.json(statsOf(needs)),
		"GET /_sandbox/ledger": async () => {
			await ledger.settled();
			const headers = { "content-type": "application/x-ndjson" };
			return new Response(ledgerLines(ledger), { headers });
		},
	};

	return async function control(request: Request, path: string): Promise<Response> {
		const route = routes[`${request.method} ${path}`];
		if (route === undefined) {
			return problem(404, `There is: ${Object.keys(routes).join(", ")}.`);
		}
		try {
			return await route(request);
		} catch (error) {
			return problem(400, (error as Error).message);
		}
	};
}

/** An error of the switches, as a plain sentence: they are ours, not Stripe's. */
function problem(status: number, message: string): Response {
	return Response.json({ message }, { status });
}

function outageView({ kind, seconds_left }: Outage) {
	return { kind: kind ?? null, seconds_left };
}

function checkOutage(value: unknown): { kind: OutageKind; seconds: number } {
	const { kind, seconds } = Object(value) as Record<string, unknown>;
	const known = outageKinds.find((each) => each === kind);
	if (
		known === undefined ||
		typeof seconds !== "number" ||
		!(seconds > 0 && seconds <= SECONDS_MAX)
	) {
		throw new Error(
			`Send {"kind": one of ${outageKinds.join(", ")}, "seconds": up to ${SECONDS_MAX}}.`,
		);
	}
	return { kind: known, seconds };
}

function statsOf({ ledger, counts, outage, webhooks, seed }: ControlNeeds) {
	return {
		seed,
		requests: counts.requests,
		faults: counts.faults,
		replays: counts.replays,
		late_posts: ledger.keys.late_posts,
		keys_at_work: ledger.keys.at_work,
		...ledger.books.totals,
		webhooks: { ...counts.webhooks, waiting: webhooks.waiting },
		outage: outageView(outage),
	};
}

/** All intents and refunds as they stand, a line each, some at a time. */
async function* ledgerLines({ books }: Ledger) {
	for (const [kind, records] of [
		["payment_intent", books.intents],
		["refund", books.refunds],
	] as const) {
		for (let from = 0; from < records.length; from += LINES_A_CHUNK) {
			const some = records.texts(from, from + LINES_A_CHUNK);
			yield some.map((text) => `{"kind":"${kind}",${text.slice(1)}\n`).join("");
		}
	}
}
