import type { Context } from "hono";
import type { z } from "zod";
import { HttpProblem, invalid } from "../http/problem.ts";
import type { Route } from "../http/route.ts";
import type { Session } from "../messaging/connection.ts";
import {
	findLetter,
	readLetters,
	type Shelf,
	type StoredLetter,
} from "../messaging/dead-letter-reader.ts";
import { EditError, editLetter } from "./edit-letter.ts";
import type { Forecast, ForeseeLetters } from "./foresee-letters.ts";
import * as specs from "./http-letter-specs.ts";
import { readBody } from "./http-read.ts";
import {
	discardRequest,
	editRequest,
	type letterView,
	listQuery,
	redriveRequest,
	restoreRequest,
} from "./http-schemas.ts";
import { matcherOf } from "./letter-filter.ts";
import { createGrouping } from "./letter-groups.ts";
import { discardLetters, restoreLetters } from "./move-letters.ts";
import { type RedriveOptions, redriveEdited, redriveLetters } from "./redrive-letters.ts";
import { type Selection, selectLetters } from "./select-letters.ts";

export interface LetterNeeds {
	/** @throws HttpProblem 503 while NATS is away */
	session(): Promise<Session>;
	readonly foresee: ForeseeLetters;
}

const FORECASTS_MAX = 1_000;
const decoder = new TextDecoder();

/** What operators see of dead letters, and do about them. */
export function letterRoutes({ session, foresee }: LetterNeeds): Route[] {
	async function list(c: Context) {
		const query = listQuery.safeParse(c.req.query());
		if (!query.success) throw invalid(query.error);
		const { discarded, limit, cursor, ...filter } = query.data;
		const shelf: Shelf = discarded ? "discarded" : "parked";
		const letters: StoredLetter[] = [];
		const matches = matcherOf(filter);
		const range = {
			shelf,
			module: filter.module,
			from_sequence: cursor + 1,
			headers_only: true,
		};
		await readLetters(await session(), range, (letter) => {
			if (matches(letter)) letters.push(letter);
			return letters.length <= limit;
		});
		const page = letters.slice(0, limit);
		const more = letters.length > limit ? page.at(-1) : undefined;
		return c.json({
			letters: page.map(toView),
			...(more && { next_cursor: more.sequence }),
		});
	}

	async function groups(c: Context) {
		const query = listQuery.safeParse(c.req.query());
		if (!query.success) throw invalid(query.error);
		const { discarded, module } = query.data;
		const shelf: Shelf = discarded ? "discarded" : "parked";
		const grouping = createGrouping();
		const matches = matcherOf(query.data);
		const range = { shelf, module, from_sequence: 1, headers_only: true };
		await readLetters(await session(), range, (letter) => {
			if (matches(letter)) grouping.add(letter);
			return true;
		});
		return c.json({ groups: grouping.groups() });
	}

	async function show(c: Context) {
		const letter = await find(c, c.req.query("discarded") === "true" ? "discarded" : "parked");
		const [forecast] = await foresee([letter]);
		return c.json({ ...toView(letter), payload: decoder.decode(letter.data), forecast });
	}

	async function find(c: Context, shelf: Shelf): Promise<StoredLetter> {
		const sequence = Number(c.req.param("sequence"));
		const found = Number.isSafeInteger(sequence)
			? await findLetter(await session(), shelf, sequence)
			: undefined;
		if (found !== undefined) return found;
		throw new HttpProblem(404, "There is no such dead letter", {
			detail: "It may have been redriven or discarded. Look for it with GET /v1/dead-letters.",
		});
	}

	async function redrive(c: Context) {
		const { dry_run, sequences, filter, ...options } = await readBody(c, redriveRequest);
		const selection = toSelection({ sequences, filter });
		if (dry_run) return c.json(await plan(await session(), selection));
		return stream(await session(), { ...options, selection });
	}

	async function plan(current: Session, selection: Selection) {
		const forecasts: Forecast[] = [];
		const effects: Record<string, number> = {};
		let letters = 0;
		for await (const chunk of selectLetters(current, "parked", selection)) {
			for (const forecast of await foresee(chunk)) {
				effects[forecast.effect] = (effects[forecast.effect] ?? 0) + 1;
				if (forecasts.length < FORECASTS_MAX) forecasts.push(forecast);
			}
			letters += chunk.length;
		}
		return { letters, effects, forecasts };
	}

	async function edit(c: Context) {
		const { operator, data, dry_run } = await readBody(c, editRequest);
		const letter = await find(c, "parked");
		const edited = editOrRefuse(letter, data);
		if (!dry_run) await redriveEdited(await session(), operator, letter, edited);
		const { changes, replacement } = edited;
		return c.json({ message_id: replacement.message_id, changes, sent: !dry_run });
	}

	async function discard(c: Context) {
		const { operator, why, ...named } = await readBody(c, discardRequest);
		const moved = await discardLetters(await session(), operator, toSelection(named), why);
		return c.json({ moved });
	}

	async function restore(c: Context) {
		const { operator, ...named } = await readBody(c, restoreRequest);
		return c.json({ moved: await restoreLetters(await session(), operator, toSelection(named)) });
	}

	return [
		{ spec: specs.listSpec, handle: list },
		{ spec: specs.groupsSpec, handle: groups },
		{ spec: specs.redriveSpec, handle: redrive },
		{ spec: specs.discardSpec, handle: discard },
		{ spec: specs.restoreSpec, handle: restore },
		{ spec: specs.showSpec, handle: show },
		{ spec: specs.editSpec, handle: edit },
	];
}

/** A line of JSON for each part that is sent, the last with what came of all. A client that hangs up stops it. */
function stream(session: Session, options: RedriveOptions): Response {
	const encoder = new TextEncoder();
	let gone = false;
	const body = new ReadableStream({
		async start(controller) {
			const write = (line: object) => {
				if (!gone) controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
			};
			try {
				const end = await redriveLetters(session, options, (progress) => {
					write(progress);
					return !gone;
				});
				write({ ...end, done: true });
			} catch (error) {
				write({ error: error instanceof Error ? error.message : String(error), done: true });
			}
			if (!gone) controller.close();
		},
		cancel() {
			gone = true;
		},
	});
	return new Response(body, {
		headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" },
	});
}

function toSelection(named: {
	readonly sequences?: readonly number[] | undefined;
	readonly filter?: Extract<Selection, { filter: unknown }>["filter"] | undefined;
}): Selection {
	return named.sequences === undefined
		? { filter: named.filter ?? {} }
		: { sequences: named.sequences };
}

function editOrRefuse(letter: StoredLetter, data: Record<string, unknown>) {
	try {
		return editLetter(letter, data);
	} catch (error) {
		throw toProblem(error);
	}
}

function toProblem(cause: unknown): unknown {
	if (!(cause instanceof EditError)) return cause;
	const { message } = cause;
	return new HttpProblem(422, "The edited payload cannot be sent", { detail: message, cause });
}

function toView(letter: StoredLetter): z.input<typeof letterView> {
	const { shelf: _, headers: __, data: ___, redrive: ____, ...view } = letter;
	return view;
}
