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

/** The OpenAPI document of routes. */
export function documentOf(routes: readonly Route[]): object {
	const api = new OpenAPIHono();
	for (const route of routes) mount(api, route, route.handle);
	return api.getOpenAPI31Document(apiInfo);
}
