import { expect, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SandboxProcess, startSandbox } from "../support/sandbox.ts";
import { post } from "../support/sandbox-client.ts";
import { eventually } from "../support/wait.ts";

const SENDERS = 32;
const KILLS = 4;
const CHARGES_A_LIFE = 300;

/** What one request was told; undefined when there was no answer. */
interface Told {
	readonly key: string;
	readonly body: string;
	answer: { status: number; text: string } | undefined;
}

function bodyOf(number: number): string {
	const card = number % 7 === 0 ? "pm_card_chargeDeclined" : "pm_card_visa";
	return `amount=${100 + number}&currency=eur&confirm=true&payment_method=${card}&metadata[charge_id]=c-${number}`;
}

async function send(sandbox: SandboxProcess, told: Told) {
	const headers = { "idempotency-key": told.key };
	const answer = await post(sandbox.url, "/v1/payment_intents", told.body, headers);
	const text = await answer.text();
	return { status: answer.status, text, replayed: answer.headers.has("idempotent-replayed") };
}

/** Sends from many sides until the sandbox is gone; answers once it took some. */
function startLoad(sandbox: SandboxProcess, sent: Told[]) {
	const answered = Promise.withResolvers<void>();
	let answers = 0;
	const sender = async () => {
		for (;;) {
			const number = sent.length;
			const told: Told = { key: `key-${number}`, body: bodyOf(number), answer: undefined };
			sent.push(told);
			try {
				told.answer = await send(sandbox, told);
			} catch {
				return;
			}
			answers++;
			if (answers === CHARGES_A_LIFE) answered.resolve();
		}
	};
	const ended = Promise.all(Array.from({ length: SENDERS }, sender));
	return { answered: answered.promise, ended };
}

test("what was answered before kill -9 is in the ledger once, and its key answers the same", async () => {
	const sandbox = await startSandbox();
	const sent: Told[] = [];
	for (let life = 0; life < KILLS; life++) {
		const load = startLoad(sandbox, sent);
		await load.answered;
		await sandbox.kill9();
		await load.ended;
		await sandbox.start();
	}
	const answered = sent.filter(({ answer }) => answer !== undefined);
	expect(answered.length).toBeGreaterThanOrEqual(KILLS * CHARGES_A_LIFE);
	expect(answered.length).toBeLessThan(sent.length);

	const ledger = await sandbox.ledger();
	const times = new Map<string, number>();
	for (const { metadata } of ledger) {
		const id = metadata.charge_id ?? "";
		times.set(id, (times.get(id) ?? 0) + 1);
	}
	expect([...times.values()].every((count) => count === 1)).toBe(true);
	for (const { answer, key } of answered) {
		expect([key, answer?.status]).toEqual([key, Number(key.slice(4)) % 7 === 0 ? 402 : 200]);
		expect(times.get(key.replace("key", "c"))).toBe(1);
	}

	for (const told of sent) {
		const again = await send(sandbox, told);
		if (told.answer === undefined) continue;
		expect(again).toEqual({ ...told.answer, replayed: true });
	}
	const { charges, late_posts } = await sandbox.stats();
	expect(charges.count + charges.declined).toBe(sent.length);
	expect(late_posts).toBe(0);
	await sandbox.stop();
}, 60_000);

test("a half-written last line is cut off, and what follows is read again", async () => {
	const sandbox = await startSandbox();
	const told = { key: "whole", body: bodyOf(1), answer: undefined };
	const first = await send(sandbox, told);
	await sandbox.kill9();
	const file = join(sandbox.data_folder, "ledger.ndjson");
	const line = readFileSync(file, "utf8");
	expect(line).toEndWith("\n");
	appendFileSync(file, line.slice(0, line.length / 2));

	await sandbox.start();
	expect(readFileSync(file, "utf8")).toBe(line);
	expect(await send(sandbox, told)).toEqual({ ...first, replayed: true });
	await send(sandbox, { ...told, key: "next" });
	await sandbox.kill9();
	await sandbox.start();
	expect(await sandbox.ledger()).toHaveLength(2);
	await sandbox.stop();
});

test("a ledger that is broken in the middle is not opened", async () => {
	const sandbox = await startSandbox();
	await send(sandbox, { key: "one", body: bodyOf(1), answer: undefined });
	await sandbox.stop();
	const file = join(sandbox.data_folder, "ledger.ndjson");
	writeFileSync(file, `{"at_ms":1\n${readFileSync(file, "utf8")}`);
	await expect(sandbox.start()).rejects.toThrow(/ledger is broken: .* at byte 0\..*--data-dir/);
});

test("a refund that was pending at kill -9 ends after the restart", async () => {
	const sandbox = await startSandbox();
	const stripe = sandbox.stripe();
	const body = bodyOf(1).replace("pm_card_visa", "pm_card_refundFail");
	const charged = await send(sandbox, { key: "one", body, answer: undefined });
	const { id } = await stripe.refunds.create({ payment_intent: JSON.parse(charged.text).id });
	await sandbox.kill9();
	await sandbox.start();
	await eventually(async () => expect((await stripe.refunds.retrieve(id)).status).toBe("failed"));
	await sandbox.stop();
});
