/** A span as OTLP/JSON has it. */
export interface Span {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId?: string;
	readonly name: string;
	readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

interface Body {
	readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: Span[] }[] }[];
}

/** An OTLP/HTTP receiver that keeps what it gets. */
export function startCollector() {
	const received: Span[] = [];
	const server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		async fetch(request) {
			const body = (await request.json()) as Body;
			for (const { scopeSpans } of body.resourceSpans)
				received.push(...scopeSpans.flatMap(({ spans }) => spans));
			return Response.json({});
		},
	});
	return {
		endpoint: `http://127.0.0.1:${server.port}`,
		spans: (): readonly Span[] => received,
		stop: () => server.stop(true),
	};
}
