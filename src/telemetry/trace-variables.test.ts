import { describe, expect, test } from "bun:test";
import { readTracingVariables, TracingVariableError } from "./trace-variables.ts";

test("nothing set: nothing is traced", () => {
	expect(readTracingVariables({})).toEqual({
		service_name: "millrace",
		resource_attributes: {},
		endpoint: undefined,
		headers: {},
		sampler: { name: "parentbased_always_on", arg: 1 },
		disabled: false,
	});
});

test("an empty variable counts as not set", () => {
	const empty = {
		OTEL_SERVICE_NAME: "",
		OTEL_RESOURCE_ATTRIBUTES: "",
		OTEL_TRACES_SAMPLER: "",
		OTEL_TRACES_SAMPLER_ARG: "",
		OTEL_EXPORTER_OTLP_ENDPOINT: "",
		OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "",
		OTEL_EXPORTER_OTLP_HEADERS: "",
		OTEL_EXPORTER_OTLP_PROTOCOL: "",
		OTEL_TRACES_EXPORTER: "",
		OTEL_SDK_DISABLED: "",
	};
	expect(readTracingVariables(empty)).toEqual(readTracingVariables({}));
});

describe("the service name", () => {
	const OTEL_RESOURCE_ATTRIBUTES = "service.name=shop, deployment.environment.name = a%2Cb";

	test("comes from the attributes when it is not set", () => {
		expect(readTracingVariables({ OTEL_RESOURCE_ATTRIBUTES })).toMatchObject({
			service_name: "shop",
			resource_attributes: { "deployment.environment.name": "a,b" },
		});
	});

	test("of its own variable goes first", () => {
		const env = { OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: "intake" };
		expect(readTracingVariables(env).service_name).toBe("intake");
	});
});

describe("the endpoint", () => {
	const base = "OTEL_EXPORTER_OTLP_ENDPOINT";
	const traces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

	test.each([
		[{ [base]: "http://c:4318" }, "http://c:4318/v1/traces"],
		[{ [base]: "https://c/otlp/" }, "https://c/otlp/v1/traces"],
		[{ [traces]: "http://c:4318/in" }, "http://c:4318/in"],
		[{ [base]: "http://a:4318", [traces]: "http://b:4318/v1/traces" }, "http://b:4318/v1/traces"],
		[{ OTEL_TRACES_EXPORTER: "otlp" }, "http://localhost:4318/v1/traces"],
		[{ OTEL_TRACES_EXPORTER: "otlp", [base]: "http://c:4318" }, "http://c:4318/v1/traces"],
	])("%p", (env, endpoint) => {
		expect(readTracingVariables(env).endpoint).toBe(endpoint);
	});
});

test("headers of traces go over the general ones", () => {
	const { headers } = readTracingVariables({
		OTEL_EXPORTER_OTLP_HEADERS: "x-team=a,authorization=Basic%20eA%3D%3D",
		OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-team=b=c",
	});
	expect(headers).toEqual({ authorization: "Basic eA==", "x-team": "b=c" });
});

test.each([
	[{ OTEL_SDK_DISABLED: "TRUE" }, true],
	[{ OTEL_SDK_DISABLED: "false" }, false],
	[{ OTEL_TRACES_EXPORTER: "none" }, true],
	[{ OTEL_TRACES_EXPORTER: "none", OTEL_SDK_DISABLED: "false" }, true],
])("%p switches tracing off: %p", (env, disabled) => {
	expect(readTracingVariables(env).disabled).toBe(disabled);
});

test("a sampler with its share", () => {
	const env = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.05" };
	const { sampler } = readTracingVariables(env);
	expect(sampler).toEqual({ name: "parentbased_traceidratio", arg: 0.05 });
});

describe("a bad value is refused by name", () => {
	test.each([
		["OTEL_SDK_DISABLED", "yes", "true or false"],
		["OTEL_SDK_DISABLED", "constructor", "true or false"],
		["OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"],
		["OTEL_TRACES_SAMPLER", "jaeger_remote", "parentbased_traceidratio"],
		["OTEL_TRACES_SAMPLER_ARG", "5%", "from 0 to 1"],
		["OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"],
		["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://collector:4318"],
		["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/v1/traces", "http://collector:4318"],
		["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "4318"],
		["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "4318"],
		["OTEL_EXPORTER_OTLP_HEADERS", "authorization", "name=value"],
		["OTEL_EXPORTER_OTLP_HEADERS", "=x", "name=value"],
		["OTEL_RESOURCE_ATTRIBUTES", "a=%zz", "percent-encoded"],
	])("%s=%s", (name, value, wanted) => {
		const read = () => readTracingVariables({ [name]: value });
		expect(read).toThrow(TracingVariableError);
		expect(read).toThrow(name);
		expect(read).toThrow(wanted);
	});

	test("without showing a header", () => {
		const read = () => readTracingVariables({ OTEL_EXPORTER_OTLP_HEADERS: "Bearer hunter2" });
		expect(read).not.toThrow("hunter2");
	});
});
