import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import {
	body,
	discardRequest,
	editPlan,
	editRequest,
	groupList,
	json,
	letterDetails,
	letterPage,
	listQuery,
	moved,
	problem,
	redrivePlan,
	redriveRequest,
	restoreRequest,
} from "./http-schemas.ts";

const PATH = "/v1/dead-letters";
const params = z.object({ sequence: z.coerce.number().int() });
const invalidBody = problem("The body is not valid.");
const natsAway = problem("NATS is away.");

export const listSpec = {
	method: "get",
	path: PATH,
	summary: "List dead letters",
	request: { query: listQuery },
	responses: {
		200: json("A page of them, the oldest first.", letterPage),
		400: problem("The query is not valid."),
		503: natsAway,
	},
} satisfies RouteConfig;

export const groupsSpec = {
	method: "get",
	path: `${PATH}/groups`,
	summary: "Put dead letters together that failed alike",
	request: { query: listQuery.omit({ limit: true, cursor: true }) },
	responses: {
		200: json("The largest group first.", groupList),
		400: problem("The query is not valid."),
		503: natsAway,
	},
} satisfies RouteConfig;

export const showSpec = {
	method: "get",
	path: `${PATH}/{sequence}`,
	summary: "Look at one dead letter, and what its redrive would come to",
	request: { params, query: z.object({ discarded: z.stringbool().default(false) }) },
	responses: {
		200: json("The letter with its payload.", letterDetails),
		404: problem("There is no such dead letter."),
		503: natsAway,
	},
} satisfies RouteConfig;

export const redriveSpec = {
	method: "post",
	path: `${PATH}/redrive`,
	summary: "Send dead letters again, to the consumer that gave them up",
	description:
		"With `dry_run` it answers what each would come to. Without, it answers lines of JSON " +
		"(`application/x-ndjson`): how many were sent and how many came back, the last with `done`. " +
		"Whoever hangs up stops it.",
	request: body(redriveRequest),
	responses: {
		200: json("What each would come to; without `dry_run`, lines of progress.", redrivePlan),
		400: invalidBody,
		503: natsAway,
	},
} satisfies RouteConfig;

export const editSpec = {
	method: "post",
	path: `${PATH}/{sequence}/redrive`,
	summary: "Send an edited message in place of a dead letter, which is kept among the discarded",
	request: { params, ...body(editRequest) },
	responses: {
		200: json("What the edit changes.", editPlan),
		400: invalidBody,
		404: problem("There is no such dead letter."),
		422: problem("The edited payload is not by the contract, or about another order."),
		503: natsAway,
	},
} satisfies RouteConfig;

export const discardSpec = {
	method: "post",
	path: `${PATH}/discard`,
	summary: "Take dead letters out that nothing should come of",
	request: body(discardRequest),
	responses: { 200: json("How many.", moved), 400: invalidBody, 503: natsAway },
} satisfies RouteConfig;

export const restoreSpec = {
	method: "post",
	path: `${PATH}/restore`,
	summary: "Put discarded dead letters back",
	request: body(restoreRequest),
	responses: { 200: json("How many.", moved), 400: invalidBody, 503: natsAway },
} satisfies RouteConfig;
