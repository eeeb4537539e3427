import type { RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import { HttpProblem } from "../http/problem.ts";
import type { Route } from "../http/route.ts";
import type { Session } from "../messaging/connection.ts";
import { listDurables, ReplayError, type ReplayStart } from "../messaging/durables.ts";
import {
	pauseConsumer,
	replayConsumer,
	resumeConsumer,
	UnknownConsumerError,
} from "./control-consumers.ts";
import { readBody } from "./http-read.ts";
import {
	body,
	durableList,
	durableView,
	json,
	pauseRequest,
	problem,
	replayRequest,
	resumeRequest,
} from "./http-schemas.ts";

/** What operators see of consumers, and do to them. */
export function consumerRoutes(session: () => Promise<Session>): Route[] {
	const name = (c: Context) => c.req.param("durable") ?? "";
	return [
		{
			spec: listSpec,
			handle: async (c) => c.json({ consumers: await listDurables(await session()) }),
		},
		{
			spec: pauseSpec,
			handle: async (c) => {
				const { operator, pause_s } = await readBody(c, pauseRequest);
				const paused = pauseConsumer(await session(), operator, name(c), pause_s);
				return c.json(await orProblem(paused));
			},
		},
		{
			spec: resumeSpec,
			handle: async (c) => {
				const { operator } = await readBody(c, resumeRequest);
				return c.json(await orProblem(resumeConsumer(await session(), operator, name(c))));
			},
		},
		{
			spec: replaySpec,
			handle: async (c) => {
				const { operator, from } = await readBody(c, replayRequest);
				const replayed = replayConsumer(await session(), operator, name(c), startOf(from));
				return c.json(await orProblem(replayed));
			},
		},
	];
}

function startOf(from: string | number): ReplayStart {
	if (from === "start") return { sequence: 1 };
	return typeof from === "number" ? { sequence: from } : { time: from };
}

async function orProblem<T>(work: Promise<T>): Promise<T> {
	try {
		return await work;
	} catch (error) {
		throw toProblem(error);
	}
}

function toProblem(cause: unknown): unknown {
	if (cause instanceof UnknownConsumerError)
		return new HttpProblem(404, "There is no such consumer", { detail: cause.message, cause });
	if (cause instanceof ReplayError)
		return new HttpProblem(409, "The broker cannot do that", { detail: cause.message, cause });
	return cause;
}

const PATH = "/v1/consumers";
const params = z.object({ durable: z.string() });
const problems = {
	400: problem("The body is not valid."),
	404: problem("There is no such consumer."),
	503: problem("NATS is away."),
};

const listSpec = {
	method: "get",
	path: PATH,
	summary: "List the consumers of all modules as the broker sees them",
	responses: { 200: json("By name.", durableList), 503: problems[503] },
} satisfies RouteConfig;

const pauseSpec = {
	method: "post",
	path: `${PATH}/{durable}/pause`,
	summary: "Stop deliveries to all replicas for a while",
	request: { params, ...body(pauseRequest) },
	responses: { 200: json("The consumer as it is now.", durableView), ...problems },
} satisfies RouteConfig;

const resumeSpec = {
	method: "post",
	path: `${PATH}/{durable}/resume`,
	summary: "End a pause",
	request: { params, ...body(resumeRequest) },
	responses: { 200: json("The consumer as it is now.", durableView), ...problems },
} satisfies RouteConfig;

const replaySpec = {
	method: "post",
	path: `${PATH}/{durable}/replay`,
	summary: "Let a consumer begin anew from somewhere in the past",
	request: { params, ...body(replayRequest) },
	responses: {
		200: json("The consumer as it is now, and where it began.", durableView),
		...problems,
		409: problem("The broker cannot do that."),
	},
} satisfies RouteConfig;
