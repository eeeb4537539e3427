import { HttpProblem } from "../http/problem.ts";
import type { Route } from "../http/route.ts";
import type { Part } from "../lifecycle.ts";
import { createResponders } from "../messaging/ask.ts";
import type { Broker, Session } from "../messaging/connection.ts";
import type { ConsumerDefinition } from "../messaging/consumer.ts";
import { createForesee, foreseeResponders } from "./foresee-letters.ts";
import { consumerRoutes } from "./http-consumers.ts";
import { letterRoutes } from "./http-letters.ts";
import { recordRoutes } from "./http-record.ts";

/**
 * What an operator can do: what modules offer him, recorded, and what there is to do about messages,
 * whichever module they are for.
 */
export function createOperations(needs: {
	readonly broker: Broker;
	/** Of the modules in this process, which can say what a redrive would come to. */
	readonly consumers: readonly ConsumerDefinition[];
	/** What the modules in this process offer. */
	readonly routes: readonly Route[];
}): { readonly routes: readonly Route[]; readonly part: Part } {
	async function session(): Promise<Session> {
		if (needs.broker.connected()) return needs.broker.ready;
		throw new HttpProblem(503, "NATS is away", {
			detail:
				"What operators do is recorded there, and nothing is done unrecorded. Try again later.",
			retry_after_s: 1,
		});
	}
	const foresee = createForesee(needs.consumers, session);
	return {
		routes: [
			...recordRoutes(needs.routes, session),
			...letterRoutes({ session, foresee }),
			...consumerRoutes(session),
		],
		part: createResponders(needs.broker, foreseeResponders(needs.consumers)),
	};
}
