import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Part } from "../lifecycle.ts";
import { addressOf } from "./address.ts";
import { type Check, createHealth, type Health, type Readiness } from "./health.ts";
import { listen } from "./listen.ts";
import { HttpProblem } from "./problem.ts";
import { mount, type Route } from "./route.ts";

/** Shorter than the second that Kubernetes gives a probe. */
const CHECK_MS_MAX = 800;
/** Looking through many dead letters takes a while, during which nothing is sent. */
const IDLE_S_MAX = 255;
const PATHS =
	"There are /metrics, /livez, /readyz and /healthz, and what the modules offer operators.";

export interface OpsOptions {
	readonly host: string;
	/** 0 takes any free port. */
	readonly port: number;
	readonly metrics: { readonly content_type: string; render(): Promise<string> };
	readonly checks: readonly Check[];
	/** What the hosted modules offer operators. */
	readonly routes: readonly Route[];
	/** Turns errors of the layers below into problems; undefined for one it does not know. */
	toProblem(error: unknown): HttpProblem | undefined;
	readonly info: { readonly version: string; readonly roles: readonly string[] };
	/** Milliseconds a check may take; 800 when left out. */
	readonly check_ms_max?: number;
}

export interface Ops extends Part {
	/** Where it listens, without a slash at the end. */
	readonly url: string;
	/** `/readyz` says no from now on; `/livez` and `/metrics` go on. */
	drain(): void;
}

/**
 * The server for those who run millrace: `/metrics`, `/livez`, `/readyz` and `/healthz`, and what
 * modules offer operators, on a port of its own. Its `start` rejects with a `PortTakenError` when the port is in use.
 */
export function createOps(o: OpsOptions): Ops {
	const health = createHealth(o.checks, o.check_ms_max ?? CHECK_MS_MAX);
	const app = createRoutes(o, health);
	let server: Bun.Server<undefined> | undefined;
	return {
		name: "ops",
		get url() {
			return addressOf({ host: o.host, port: server?.port ?? o.port });
		},
		drain: health.drain,
		async start() {
			const fetch = (request: Request) => app.fetch(request);
			const { host, port } = o;
			server = listen({ host, port, setting: "OPS_PORT", fetch, idle_timeout_s: IDLE_S_MAX });
		},
		async stop() {
			await server?.stop();
		},
	};
}

function createRoutes(o: OpsOptions, health: Health): OpenAPIHono {
	const app = new OpenAPIHono();
	app.get("/metrics", async (c) =>
		c.body(await o.metrics.render(), 200, { "content-type": o.metrics.content_type }),
	);
	app.get("/livez", (c) => c.json({ status: "alive" }));
	app.get("/readyz", async (c) => answer(c, await health.readiness()));
	app.get("/healthz", async (c) => {
		const uptime_seconds = Math.round(process.uptime());
		return answer(c, await health.readiness(), { ...o.info, uptime_seconds });
	});
	for (const route of o.routes) mount(app, route, route.handle);
	app.notFound(() => new HttpProblem(404, "There is nothing here", { detail: PATHS }).toResponse());
	app.onError((error) => {
		const problem = error instanceof HttpProblem ? error : o.toProblem(error);
		return (
			problem ?? new HttpProblem(500, "Something went wrong here", { detail: error.message })
		).toResponse();
	});
	return app;
}

/** `?verbose` adds how long each check took. */
function answer(c: Context, readiness: Readiness, info: object = {}): Response {
	const verbose = c.req.query("verbose") !== undefined;
	const checks = readiness.checks.map(({ duration_ms, ...check }) =>
		verbose ? { ...check, duration_ms } : check,
	);
	const status = readiness.status === "ready" ? 200 : 503;
	c.header("cache-control", "no-store");
	return c.json({ status: readiness.status, ...info, checks }, status);
}
