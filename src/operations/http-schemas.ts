import { z } from "zod";
import { identifier } from "../contracts/identity.ts";
import { operatorName } from "../contracts/operation-events.ts";
import { moduleNames } from "../contracts/streams.ts";
import { problemSchema } from "../http/problem.ts";
import { forecast } from "./foresee-letters.ts";

const time = z.iso.datetime({ offset: true });
const sequence = z.int().min(1);
const SEQUENCES_MAX = 1_000;
const PER_SECOND_MAX = 100_000;

const letterFilter = z.strictObject({
	module: z.enum(moduleNames).optional(),
	type: z.string().max(255).optional().meta({ description: "The subject of the event." }),
	fingerprint: z
		.string()
		.regex(/^[\da-f]{12}$/)
		.optional(),
	order_id: identifier.optional(),
	since: time.optional(),
	until: time.optional(),
});

export const listQuery = letterFilter.extend({
	discarded: z.stringbool().default(false),
	limit: z.coerce.number().int().min(1).max(1_000).default(50),
	cursor: z.coerce.number().int().min(0).default(0),
});

const operator = operatorName.meta({ description: "Who acts; kept in the audit log." });
const selection = {
	sequences: z.array(sequence).min(1).max(SEQUENCES_MAX).optional(),
	filter: letterFilter.optional().meta({ description: "`{}` means all." }),
};
const oneSelection = (body: { sequences?: unknown; filter?: unknown }) =>
	(body.sequences === undefined) !== (body.filter === undefined);
const ONE_SELECTION = { message: "name either sequences or a filter" };

export const redriveRequest = z
	.strictObject({
		operator,
		...selection,
		dry_run: z
			.boolean()
			.default(false)
			.meta({ description: "Say what each would come to, and send none." }),
		per_second: z.number().positive().max(PER_SECOND_MAX).default(5_000),
		returned_share_max: z
			.number()
			.min(0)
			.max(1)
			.default(0.5)
			.meta({ description: "Stop when more than this share has failed again." }),
	})
	.refine(oneSelection, ONE_SELECTION)
	.meta({ id: "RedriveRequest" });

export const editRequest = z
	.strictObject({
		operator,
		data: z.record(z.string(), z.unknown()).meta({ description: "The whole payload, edited." }),
		dry_run: z.boolean().default(false),
	})
	.meta({ id: "EditRequest" });

export const discardRequest = z
	.strictObject({ operator, ...selection, why: z.string().min(1).max(200) })
	.refine(oneSelection, ONE_SELECTION)
	.meta({ id: "DiscardRequest" });

export const restoreRequest = z
	.strictObject({ operator, ...selection })
	.refine(oneSelection, ONE_SELECTION)
	.meta({ id: "RestoreRequest" });

const text = z.string();
export const letterView = z
	.object({
		sequence,
		module: z.enum(moduleNames),
		parked_at: text,
		reason: text,
		error: text,
		error_type: text,
		error_place: text,
		fingerprint: text,
		message_id: text,
		order_id: text.optional(),
		subject: text,
		stream: text,
		stream_sequence: z.int(),
		consumer: text,
		attempts: z.int(),
		first_failed_at: text,
		last_failed_at: text,
		redrives: z.int(),
		redriven_by: text.optional(),
		redriven_at: text.optional(),
		discarded_by: text.optional(),
		discarded_at: text.optional(),
		discarded_why: text.optional(),
	})
	.meta({ id: "DeadLetter" });

const forecastView = forecast.meta({ id: "Forecast" });

export const letterPage = z
	.object({ letters: z.array(letterView), next_cursor: z.int().optional() })
	.meta({ id: "DeadLetterPage" });

export const letterDetails = letterView
	.extend({
		payload: text.meta({ description: "As text; what is no UTF-8 is replaced." }),
		forecast: forecastView.optional(),
	})
	.meta({ id: "DeadLetterDetails" });

export const groupList = z
	.object({
		groups: z.array(
			z.object({
				fingerprint: text,
				module: z.enum(moduleNames),
				consumer: text,
				reason: text,
				error_type: text,
				error_place: text,
				letters: z.int(),
				redriven: z.int(),
				first_parked_at: text,
				last_parked_at: text,
				example_sequence: z.int(),
				example_error: text,
			}),
		),
	})
	.meta({ id: "DeadLetterGroups" });

export const redrivePlan = z
	.object({
		letters: z.int(),
		effects: z.record(z.string(), z.int()),
		forecasts: z.array(forecastView).meta({ description: "Of the first thousand." }),
	})
	.meta({ id: "RedrivePlan" });

export const editPlan = z
	.object({
		message_id: text,
		changes: z.array(
			z.object({ field: text, before: z.unknown().optional(), after: z.unknown().optional() }),
		),
		sent: z.boolean(),
	})
	.meta({ id: "EditPlan" });

export const moved = z.object({ moved: z.int() }).meta({ id: "MovedLetters" });

export const durableView = z
	.object({
		durable: text,
		stream: text,
		subjects: z.array(text),
		pending: z.int(),
		ack_pending: z.int(),
		redelivered: z.int(),
		settled_sequence: z.int(),
		paused: z.boolean(),
		pause_rest_ms: z.int(),
		from_sequence: z.int().optional(),
	})
	.meta({ id: "Consumer" });

export const durableList = z
	.object({ consumers: z.array(durableView) })
	.meta({ id: "ConsumerList" });

const PAUSE_S_MAX = 30 * 86_400;
export const pauseRequest = z
	.strictObject({ operator, pause_s: z.number().positive().max(PAUSE_S_MAX) })
	.meta({ id: "PauseRequest" });
export const resumeRequest = z.strictObject({ operator }).meta({ id: "ResumeRequest" });
export const replayRequest = z
	.strictObject({
		operator,
		from: z
			.union([z.literal("start"), sequence, time])
			.meta({ description: "`start`, a sequence of the stream, or a time." }),
	})
	.meta({ id: "ReplayRequest" });

export const json = (description: string, schema: z.ZodType) => ({
	description,
	content: { "application/json": { schema } },
});

export const body = (schema: z.ZodType) => ({
	body: { required: true, content: { "application/json": { schema } } },
});

export const problem = (description: string) => ({
	description,
	content: { "application/problem+json": { schema: problemSchema } },
});
