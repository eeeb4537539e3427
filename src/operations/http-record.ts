import type { Context } from "hono";
import { operatorName } from "../contracts/operation-events.ts";
import { HttpProblem } from "../http/problem.ts";
import type { Route } from "../http/route.ts";
import type { Session } from "../messaging/connection.ts";
import { recorded } from "./record-act.ts";

const OPERATOR_HEADER = "Millrace-Operator";
const UNNAMED = "unnamed";

/**
 * Routes of a module for operators, with every request that changes something said in events. Who acts is in
 * the header `Millrace-Operator`; a request without it is recorded as `unnamed`.
 */
export function recordRoutes(routes: readonly Route[], session: () => Promise<Session>): Route[] {
	return routes.map((route) => {
		if (route.spec.method === "get") return route;
		return { ...route, handle: async (c: Context) => handleRecorded(c, route, await session()) };
	});
}

async function handleRecorded(c: Context, { handle }: Route, session: Session): Promise<Response> {
	const named = operatorName.safeParse(c.req.header(OPERATOR_HEADER) ?? UNNAMED);
	if (!named.success) {
		throw new HttpProblem(400, "The request is not valid", {
			detail: `${OPERATOR_HEADER} is 1 to 64 visible characters of ASCII.`,
		});
	}
	const asked = { method: c.req.method, path: c.req.path, body: await c.req.text() };
	const answer = async () => handle(c);
	return recorded(session, named.data, "http.request", asked, answer, ({ status }) => ({ status }));
}
