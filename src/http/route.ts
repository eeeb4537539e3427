import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";

/** One route: what the OpenAPI document says of it, and what it does. */
export interface Route {
	/** Its `path` has parameters in braces: `/v1/orders/{order_id}`. */
	readonly spec: RouteConfig;
	/** Answers, or throws an HttpProblem or an error that the server knows how to turn into one. */
	handle(c: Context): Response | Promise<Response>;
}

/** Registers a route with its description. */
export function mount(api: OpenAPIHono, { spec }: Route, handle: Route["handle"]): void {
	api.openAPIRegistry.registerPath(spec);
	api.on(spec.method, spec.path.replaceAll(/\{(\w+)\}/g, ":$1"), handle);
}
