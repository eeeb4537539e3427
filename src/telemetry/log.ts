import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import { redactLine } from "./redact.ts";

/**
 * Writes one line an entry: `log.info({ order_id, message_id, trace_id }, "what happened")`.
 * An error goes in the field `err`. Field names are snake_case.
 */
export type Log = Logger;

export interface LogOptions {
	/** `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. */
	readonly level: string;
	/** Lines for people, in colour on a terminal, instead of JSON. */
	readonly pretty: boolean;
	/** Go on every line, as `{ service, roles }`. */
	readonly fields?: Record<string, unknown>;
	/** Takes the finished lines; standard output when left out. */
	readonly destination?: DestinationStream;
}

/**
 * A log that writes synchronously, so that the last line before an exit is never lost. Secrets are
 * hidden, see {@link redactLine}. Throws when the level is not known.
 */
export function createLog(o: LogOptions): Log {
	const sink = o.destination ?? destination({ dest: 1, sync: true });
	return pino(
		{
			level: o.level,
			base: o.fields ?? {},
			timestamp: stdTimeFunctions.isoTime,
			formatters: { level: (label) => ({ level: label }) },
			hooks: { streamWrite: redactLine },
		},
		o.pretty ? prettyStream(sink) : sink,
	);
}

/** In this process: a pino transport is a worker, and a compiled binary cannot start one. */
function prettyStream(sink: DestinationStream): DestinationStream {
	const format = prettyFactory({
		colorize: process.stdout.isTTY === true,
		translateTime: "HH:MM:ss.l",
		ignore: "pid,hostname",
	});
	return {
		write(line) {
			const text = format(line);
			if (text !== undefined) sink.write(text);
		},
	};
}
