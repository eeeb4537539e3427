import { type Sampler, samplerNames } from "./trace-sampling.ts";

/** An `OTEL_*` variable holds something that cannot be followed. The message says what would do. */
export class TracingVariableError extends Error {
	override readonly name = "TracingVariableError";
}

/** Where spans go and which are taken, as `createTracing` wants it. */
export interface TracingVariables {
	readonly service_name: string;
	readonly resource_attributes: Readonly<Record<string, string>>;
	/** Where spans are posted; undefined: nowhere, and nothing is traced. */
	readonly endpoint: string | undefined;
	readonly headers: Readonly<Record<string, string>>;
	readonly sampler: Sampler;
	readonly disabled: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ENDPOINT_DEFAULT = "http://localhost:4318";
const FLAG = { "": false, false: false, true: true } as const;

/**
 * Reads OpenTelemetry's own variables. An empty one counts as not set; the values in a
 * list of `name=value` are percent-encoded.
 *
 * | variable | gives |
 * |---|---|
 * | `OTEL_SDK_DISABLED` | `disabled`: `true` or `false` (default) |
 * | `OTEL_TRACES_EXPORTER` | `otlp`, or `none` for `disabled` |
 * | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | `endpoint`, used as it is |
 * | `OTEL_EXPORTER_OTLP_ENDPOINT` | `endpoint`, with `/v1/traces` behind it |
 * | `OTEL_EXPORTER_OTLP_HEADERS`, `.._TRACES_HEADERS` | `headers`: `name=value,...` |
 * | `OTEL_EXPORTER_OTLP_PROTOCOL`, `.._TRACES_PROTOCOL` | anything but `grpc`: JSON goes out |
 * | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | `sampler`; default `parentbased_always_on` |
 * | `OTEL_RESOURCE_ATTRIBUTES` | `resource_attributes`: `name=value,...` |
 * | `OTEL_SERVICE_NAME` | `service_name`; else `service.name` of the attributes; else `millrace` |
 *
 * Without an endpoint nothing is traced, unless `OTEL_TRACES_EXPORTER=otlp` asks for the default
 * one, `http://localhost:4318`.
 * @throws TracingVariableError
 */
export function readTracingVariables(env: Environment): TracingVariables {
	const attributes = readPairs(env, "OTEL_RESOURCE_ATTRIBUTES");
	const { "service.name": named, ...resource_attributes } = attributes;
	const exporter = readExporter(env);
	refuseGrpc(env);
	return {
		service_name: env.OTEL_SERVICE_NAME || named || "millrace",
		resource_attributes,
		endpoint: readEndpoint(env, exporter === "otlp" ? ENDPOINT_DEFAULT : undefined),
		headers: {
			...readPairs(env, "OTEL_EXPORTER_OTLP_HEADERS"),
			...readPairs(env, "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
		},
		sampler: readSampler(env),
		disabled: exporter === "none" || readFlag(env, "OTEL_SDK_DISABLED"),
	};
}

function bad(name: string, value: string, wanted: string): TracingVariableError {
	return new TracingVariableError(`${name}=${JSON.stringify(value)} cannot be used: ${wanted}.`);
}

function readFlag(env: Environment, name: string): boolean {
	const value = (env[name] ?? "").toLowerCase();
	if (!Object.hasOwn(FLAG, value)) throw bad(name, value, "it has to be true or false");
	return FLAG[value as keyof typeof FLAG];
}

function readExporter(env: Environment): "otlp" | "none" | undefined {
	const value = env.OTEL_TRACES_EXPORTER || undefined;
	if (value === undefined || value === "otlp" || value === "none") return value;
	throw bad("OTEL_TRACES_EXPORTER", value, "it has to be otlp or none");
}

function refuseGrpc(env: Environment): void {
	for (const name of ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"]) {
		const value = env[name] || "http/json";
		if (value === "http/json" || value === "http/protobuf") continue;
		throw bad(name, value, "spans go out as http/json, mostly to the collector's port 4318");
	}
}

function readEndpoint(env: Environment, fallback: string | undefined): string | undefined {
	const traces = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
	if (traces) return checkUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces).href;
	const base = env.OTEL_EXPORTER_OTLP_ENDPOINT || fallback;
	if (!base) return undefined;
	const url = checkUrl("OTEL_EXPORTER_OTLP_ENDPOINT", base);
	url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
	return url.href;
}

function checkUrl(name: string, value: string): URL {
	const url = URL.parse(value);
	if (url?.protocol === "http:" || url?.protocol === "https:") return url;
	throw bad(name, value, "it has to be a url like http://collector:4318");
}

function readPairs(env: Environment, name: string): Record<string, string> {
	const pairs: Record<string, string> = {};
	for (const part of (env[name] ?? "").split(",")) {
		if (part.trim() === "") continue;
		const cut = part.indexOf("=");
		const key = part.slice(0, Math.max(cut, 0)).trim();
		const value = decode(part.slice(cut + 1).trim());
		// The value is not shown: a header is mostly a key to someone's account.
		if (key === "" || value === undefined) {
			throw bad(name, "***", "it has to be name=value,name=value with values percent-encoded");
		}
		pairs[key] = value;
	}
	return pairs;
}

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}

function readSampler(env: Environment): Sampler {
	const value = env.OTEL_TRACES_SAMPLER || "parentbased_always_on";
	const name = samplerNames.find((known) => known === value);
	if (name === undefined) {
		throw bad("OTEL_TRACES_SAMPLER", value, `it has to be one of ${samplerNames.join(", ")}`);
	}
	const arg = Number(env.OTEL_TRACES_SAMPLER_ARG || 1);
	if (arg >= 0 && arg <= 1) return { name, arg };
	throw bad(
		"OTEL_TRACES_SAMPLER_ARG",
		`${env.OTEL_TRACES_SAMPLER_ARG}`,
		"it has to be from 0 to 1",
	);
}
