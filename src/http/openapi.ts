import { OpenAPIHono } from "@hono/zod-openapi";
import packageFile from "../../package.json" with { type: "json" };

/** What the document says of the API as a whole. */
export const apiInfo = {
	openapi: "3.1.0",
	info: {
		title: "millrace",
		version: packageFile.version,
		description:
			"Orders in, confirmed or cancelled out. Amounts are integers in the minor unit of their currency. Errors are RFC 9457 problems.",
		license: { name: "Apache-2.0", identifier: "Apache-2.0" },
	},
} as const;

/** Serves the OpenAPI document of the routes that are mounted. */
export function describeApi(api: OpenAPIHono): void {
	let document: string | undefined;
	api.get("/openapi.json", (c) => {
		document ??= JSON.stringify(api.getOpenAPI31Document(apiInfo));
		return c.body(document, 200, { "content-type": "application/json" });
	});
}

/** The OpenAPI document of routes, without serving them. */
export function documentOf(routes: ReadonlyArray<(api: OpenAPIHono) => void>): object {
	const api = new OpenAPIHono();
	for (const mount of routes) mount(api);
	return api.getOpenAPI31Document(apiInfo);
}
