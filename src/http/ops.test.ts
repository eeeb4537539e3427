import { afterEach, describe, expect, test } from "bun:test";
import { createMetrics } from "../telemetry/metrics.ts";
import { createOps, type Ops, type OpsOptions } from "./ops.ts";
import { PortTakenError } from "./port-taken.ts";

let running: Ops[] = [];
afterEach(async () => {
	for (const ops of running) await ops.stop();
	running = [];
});

const nothing = { checks: [], routes: [], toProblem: () => undefined };

async function startOps(o: Partial<OpsOptions> = {}): Promise<Ops> {
	const ops = createOps({
		host: "127.0.0.1",
		port: 0,
		metrics: createMetrics(),
		...nothing,
		info: { version: "0.1.0", roles: ["order", "audit"] },
		...o,
	});
	running.push(ops);
	await ops.start();
	return ops;
}

async function get(ops: Ops, path: string) {
	const response = await fetch(ops.url + path);
	const body = (await response.json()) as Record<string, unknown>;
	return { status: response.status, headers: response.headers, body };
}

const passing = { name: "postgres", check: () => {} };
const failing = {
	name: "nats",
	check: () => Promise.reject(new Error("cannot reach nats://token@a:4222")),
};

describe("/metrics", () => {
	test("gives what was counted, as Prometheus reads it", async () => {
		const metrics = createMetrics();
		metrics.orders_accepted.inc(7);
		const ops = await startOps({ metrics });
		const response = await fetch(`${ops.url}/metrics`);
		expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
		expect(await response.text()).toContain("\norders_accepted_total 7\n");
	});

	test("that cannot be rendered are a problem, and the server goes on", async () => {
		const render = () => Promise.reject(new Error("no disk"));
		const ops = await startOps({ metrics: { render, content_type: "text/plain" } });
		const { status, headers, body } = await get(ops, "/metrics");
		expect(status).toBe(500);
		expect(headers.get("content-type")).toBe("application/problem+json");
		expect(body).toMatchObject({ status: 500, detail: "no disk" });
		expect((await get(ops, "/livez")).status).toBe(200);
	});
});

describe("/livez", () => {
	test("looks at the process only", async () => {
		const ops = await startOps({ checks: [failing] });
		ops.drain();
		expect(await get(ops, "/livez")).toMatchObject({ status: 200, body: { status: "alive" } });
	});
});

describe("/readyz", () => {
	test("is 200 when every check passes", async () => {
		const ops = await startOps({ checks: [passing] });
		const { status, headers, body } = await get(ops, "/readyz");
		expect(status).toBe(200);
		expect(headers.get("cache-control")).toBe("no-store");
		expect(body).toEqual({ status: "ready", checks: [{ name: "postgres", status: "ok" }] });
	});

	test("is 503 when one fails, and says why without a secret", async () => {
		const ops = await startOps({ checks: [passing, failing] });
		const { status, body } = await get(ops, "/readyz");
		expect(status).toBe(503);
		expect(body).toEqual({
			status: "not_ready",
			checks: [
				{ name: "postgres", status: "ok" },
				{ name: "nats", status: "failed", error: "cannot reach nats://***@a:4222" },
			],
		});
	});

	test("adds durations when asked to be verbose", async () => {
		const ops = await startOps({ checks: [passing] });
		const { body } = await get(ops, "/readyz?verbose");
		expect(body.checks).toEqual([
			{ name: "postgres", status: "ok", duration_ms: expect.any(Number) },
		]);
	});

	test("is 503 while draining", async () => {
		const ops = await startOps({ checks: [passing] });
		ops.drain();
		const { status, body } = await get(ops, "/readyz");
		expect(status).toBe(503);
		expect(body).toEqual({ status: "draining", checks: [{ name: "postgres", status: "ok" }] });
	});
});

describe("/healthz", () => {
	test("is /readyz and who answers", async () => {
		const ops = await startOps({ checks: [passing] });
		expect(await get(ops, "/healthz")).toMatchObject({
			status: 200,
			body: {
				status: "ready",
				version: "0.1.0",
				roles: ["order", "audit"],
				uptime_seconds: expect.any(Number),
				checks: [{ name: "postgres", status: "ok" }],
			},
		});
		ops.drain();
		expect((await get(ops, "/healthz")).status).toBe(503);
	});
});

test("another path is a problem that names the paths there are", async () => {
	const { status, headers, body } = await get(await startOps(), "/status");
	expect(status).toBe(404);
	expect(headers.get("content-type")).toBe("application/problem+json");
	expect(body).toEqual({
		type: "about:blank",
		title: "There is nothing here",
		status: 404,
		detail:
			"There are /metrics, /livez, /readyz and /healthz, and what the modules offer operators.",
	});
});

describe("starting and stopping", () => {
	test("a taken port is refused by the variable that changes it", async () => {
		const port = Number(new URL((await startOps()).url).port);
		const second = createOps({
			host: "127.0.0.1",
			port,
			metrics: createMetrics(),
			...nothing,
			info: { version: "0.1.0", roles: [] },
		});
		const error = await second.start().catch((error: unknown) => error);
		expect(error).toBeInstanceOf(PortTakenError);
		expect(error).toMatchObject({
			port,
			message: `Port ${port} is taken. Set OPS_PORT to another port, or stop the program that holds it.`,
		});
		await second.stop();
	});

	test("a stop waits for the answer in flight, frees the port and may be repeated", async () => {
		const asked = Promise.withResolvers<void>();
		const reached = Promise.withResolvers<void>();
		const check = () => {
			asked.resolve();
			return reached.promise;
		};
		const ops = await startOps({ checks: [{ name: "slow", check }] });
		const answer = get(ops, "/readyz");
		await asked.promise;
		const stopped = ops.stop();
		reached.resolve();
		expect((await answer).status).toBe(200);
		await stopped;
		await ops.stop();
		expect(await fetch(`${ops.url}/livez`).catch(() => "refused")).toBe("refused");
		await startOps({ port: Number(new URL(ops.url).port) });
	});

	test.each([
		["0.0.0.0", "http://127.0.0.1:9090"],
		["localhost", "http://localhost:9090"],
		["::1", "http://[::1]:9090"],
	])("on %s its url is %s", (host, url) => {
		const metrics = createMetrics();
		const info = { version: "0.1.0", roles: [] };
		expect(createOps({ ...nothing, host, port: 9090, metrics, info }).url).toBe(url);
	});
});
