import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import type { Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { listen } from "./listen.ts";
import { documentOf } from "./openapi.ts";
import { HttpProblem } from "./problem.ts";
import { mount, type Route } from "./route.ts";

export interface ServerOptions {
	readonly host: string;
	/** 0 takes any free port. */
	readonly port: number;
	/** The largest body of any route; routes have limits of their own below it. */
	readonly body_bytes_max: number;
	readonly idle_timeout_s: number;
	readonly routes: readonly Route[];
	/** Turns errors of the layers below into problems; undefined for one it does not know. */
	toProblem(error: unknown): HttpProblem | undefined;
}

export interface HttpServer extends Part {
	/** Where it listens, once started. */
	readonly url: string;
}

const DRAIN_MS_MAX = 3_000;
/** As long as a client with an open connection may take to send its next request and be told. */
const FAREWELL_MS = 100;
/** For answers that are given but not sent yet. */
const FLUSH_MS_MAX = 500;

/** The routes of the modules on one port, with errors answered in one place. */
export function createServer(
	options: ServerOptions,
	needs: { log: Log; metrics: Metrics },
): HttpServer {
	const { log, metrics } = needs;
	const api = new OpenAPIHono({ router: new TrieRouter() });
	const document = JSON.stringify(documentOf(options.routes));
	let server: Bun.Server<undefined> | undefined;
	let stopping = false;
	let in_flight = 0;
	let idle = Promise.withResolvers<void>();

	for (const route of options.routes) mount(api, route, measured(route));
	api.get("/openapi.json", (c) => c.body(document, 200, { "content-type": "application/json" }));
	api.notFound(() => new HttpProblem(404, "There is nothing here").toResponse());

	/** Around each handler rather than as a middleware, which would cost every order a chain of promises. */
	function measured({ spec, handle }: Route) {
		const { path: route, method } = spec;
		const duration = metrics.http_duration.with({ route });
		return async (c: Context) => {
			const started_ms = performance.now();
			in_flight += 1;
			let response: Response;
			try {
				if (stopping) throw new HttpProblem(503, "This process stops", { retry_after_s: 1 });
				response = await handle(c);
			} catch (error) {
				response = answerError(error);
			}
			in_flight -= 1;
			if (stopping && in_flight === 0) idle.resolve();
			metrics.http_requests.inc({ route, method, status: response.status });
			duration.observe((performance.now() - started_ms) / 1_000);
			return response;
		};
	}

	function answerError(error: unknown): Response {
		const problem = error instanceof HttpProblem ? error : options.toProblem(error);
		if (problem) return problem.toResponse();
		log.error({ err: error }, "a request failed");
		return new HttpProblem(500, "Something went wrong here").toResponse();
	}

	return {
		name: "http",
		get url() {
			return server?.url.origin ?? "";
		},
		async start() {
			const fetch = (request: Request) =>
				stopping ? lastAnswer(api.fetch(request)) : api.fetch(request);
			server = listen({ ...options, setting: "PORT", fetch });
		},
		/**
		 * Requests in hand are answered, and clients with open connections are told to leave, so that
		 * none of them sends into a connection that ends. Streams that are open are ended.
		 */
		async stop() {
			if (stopping) return;
			stopping = true;
			idle = Promise.withResolvers();
			if (in_flight === 0) idle.resolve();
			const patience = setTimeout(idle.resolve, DRAIN_MS_MAX);
			await Promise.all([idle.promise, Bun.sleep(FAREWELL_MS)]);
			clearTimeout(patience);
			const streams = setTimeout(() => void server?.stop(true), FLUSH_MS_MAX);
			await server?.stop();
			clearTimeout(streams);
		},
	};
}

async function lastAnswer(answer: Response | Promise<Response>): Promise<Response> {
	const response = await answer;
	response.headers.set("connection", "close");
	return response;
}
