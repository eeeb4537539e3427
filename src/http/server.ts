import { OpenAPIHono } from "@hono/zod-openapi";
import type { Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { listen } from "./listen.ts";
import { describeApi } from "./openapi.ts";

import { HttpProblem } from "./problem.ts";

export type Api = OpenAPIHono;

export interface ServerOptions {
	readonly host: string;
	/** 0 takes any free port. */
	readonly port: number;
	/** The largest body of any route; routes have limits of their own below it. */
	readonly body_bytes_max: number;
	readonly idle_timeout_s: number;
	readonly routes: ReadonlyArray<(api: Api) => void>;
	/** Turns errors of the layers below into problems; undefined for one it does not know. */
	toProblem(error: unknown): HttpProblem | undefined;
}

export interface HttpServer extends Part {
	/** Where it listens, once started. */
	readonly url: string;
}

const DRAIN_MS_MAX = 3_000;

/** The routes of the modules on one port, with errors answered in one place. */
export function createServer(
	options: ServerOptions,
	needs: { log: Log; metrics: Metrics },
): HttpServer {
	const { log, metrics } = needs;
	const api = new OpenAPIHono();
	let server: Bun.Server<undefined> | undefined;
	let stopping = false;
	let in_flight = 0;
	let idle = Promise.withResolvers<void>();

	api.use(async (c, next) => {
		if (stopping) throw new HttpProblem(503, "This process is shutting down", { retry_after_s: 1 });
		const started_ms = performance.now();
		in_flight += 1;
		await next();
		in_flight -= 1;
		if (stopping && in_flight === 0) idle.resolve();
		const route = c.req.routePath;
		metrics.http_requests.inc({ route, method: c.req.method, status: c.res.status });
		metrics.http_duration.observe({ route }, (performance.now() - started_ms) / 1_000);
	});
	for (const mount of options.routes) mount(api);
	describeApi(api);
	api.notFound(() => new HttpProblem(404, "There is nothing here").toResponse());
	api.onError((error) => {
		const problem = error instanceof HttpProblem ? error : options.toProblem(error);
		if (problem) return problem.toResponse();
		log.error({ err: error }, "a request failed");
		return new HttpProblem(500, "Something went wrong here").toResponse();
	});

	return {
		name: "http",
		get url() {
			return server?.url.origin ?? "";
		},
		async start() {
			const fetch = (request: Request) => api.fetch(request);
			server = listen({ ...options, setting: "PORT", fetch });
		},
		/** Requests in hand are answered; streams that are open end with their connection. */
		async stop() {
			stopping = true;
			idle = Promise.withResolvers();
			if (in_flight === 0) idle.resolve();
			const patience = setTimeout(idle.resolve, DRAIN_MS_MAX);
			await idle.promise;
			clearTimeout(patience);
			await server?.stop(true);
		},
	};
}
