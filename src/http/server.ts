import { OpenAPIHono } from "@hono/zod-openapi";
import type { Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { describeApi } from "./openapi.ts";
import { portTaken } from "./port-taken.ts";
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

/** The routes of the modules on one port, with errors answered in one place. */
export function createServer(options: ServerOptions, needs: { log: Log; metrics: Metrics }): HttpServer {
	const { log, metrics } = needs;
	const api = new OpenAPIHono();
	let server: Bun.Server<unknown> | undefined;

	api.use(async (c, next) => {
		const started_ms = performance.now();
		await next();
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
			try {
				server = Bun.serve({
					hostname: options.host,
					port: options.port,
					maxRequestBodySize: options.body_bytes_max,
					idleTimeout: options.idle_timeout_s,
					fetch: api.fetch,
				});
			} catch (error) {
				throw portTaken(error, options.port, "PORT");
			}
		},
		async stop() {
			await server?.stop();
		},
	};
}
