import { OpenAPIHono } from "@hono/zod-openapi";
import packageFile from "../../package.json" with { type: "json" };
import { mount, type Route } from "./route.ts";

const apiInfo = {
	openapi: "3.1.0",
	info: {
		title: "millrace",
		version: packageFile.version,
		description:
			"Orders in, confirmed or cancelled out. Amounts are integers in the minor unit of their " +
			"currency. Errors are RFC 9457 problems.",
		license: { name: "Apache-2.0", identifier: "Apache-2.0" },
	},
} as const;

/** Where routes for operators are, unless the configuration says otherwise. */
const operators = {
	url: "http://127.0.0.1:9090",
	description: "The port for operators, together with metrics and probes.",
};

/**
 * The OpenAPI document of routes.
 * @param ops_routes those on the port for operators
 */
export function documentOf(routes: readonly Route[], ops_routes: readonly Route[] = []): object {
	const api = new OpenAPIHono();
	for (const route of routes) mount(api, route, route.handle);
	for (const { spec, handle } of ops_routes) {
		mount(api, { spec: { ...spec, servers: [operators], tags: ["operators"] }, handle }, handle);
	}
	return api.getOpenAPI31Document(apiInfo);
}
