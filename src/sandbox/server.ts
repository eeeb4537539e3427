import { ApiError, internalError, invalid } from "./api-error.ts";
import { type Counts, countUp } from "./counts.ts";
import { decodeForm } from "./form.ts";
import type { createGet } from "./get.ts";
import { unknownUrl } from "./operations.ts";
import type { Outage } from "./outage.ts";
import type { createPost } from "./post.ts";
import { errorReply, lostReplies, type Reply, replyTo } from "./reply.ts";
import { API_VERSION } from "./webhooks.ts";

const CUT_AFTER_MS = 20;

export interface AnswerNeeds {
	readonly get: ReturnType<typeof createGet>;
	readonly post: ReturnType<typeof createPost>;
	readonly control: (request: Request, path: string) => Promise<Response>;
	readonly outage: Outage;
	readonly counts: Counts;
	/** The only key that may ask; any that begins as a test key does when undefined. */
	readonly api_key: string | undefined;
	/** Aborted when the server stops: who waits for nothing is let go. */
	readonly stopping: AbortSignal;
	report(line: string): void;
}

/** Answers every request of the port. */
export function createAnswer(needs: AnswerNeeds) {
	const { get, post, control, outage, counts, stopping } = needs;
	let requests = 0;

	return async function answer(request: Request): Promise<Response> {
		const { path, query } = partsOf(request.url);
		if (path.startsWith("/_sandbox/")) return await control(request, path);
		let reply: Reply;
		try {
			reply = outageReply() ?? (await handle(request, path, query));
		} catch (error) {
			if (!(error instanceof ApiError)) needs.report(`a request failed: ${Bun.inspect(error)}`);
			reply = replyTo(error);
		}
		countUp(counts.requests, reply.cut === undefined ? `${reply.status}` : "none");
		requests++;
		if (reply.cut === "hang") await letGo(request.signal, stopping);
		return respond(reply, request, requests);
	};

	function outageReply(): Reply | undefined {
		const { kind } = outage;
		if (kind === undefined) return undefined;
		countUp(counts.faults, "outage");
		if (kind === "error") return errorReply(500, internalError);
		return kind === "hang" ? lostReplies.hang : lostReplies.reset;
	}

	async function handle(request: Request, path: string, query: string): Promise<Reply> {
		checkKey(request.headers.get("authorization"), needs.api_key);
		if (request.method === "GET") return await get(path, form(query));
		if (request.method !== "POST") throw unknownUrl(request.method, path);
		const key = request.headers.get("idempotency-key") || undefined;
		return await post({ path, form: form(await request.text()), key });
	}

	function respond(reply: Reply, request: Request, number: number): Response {
		if (reply.cut === "hang" || reply.cut === "reset") return new Response(brokenOff(""));
		const headers: Record<string, string> = {
			"content-type": "application/json",
			"request-id": `req_${number}`,
			"stripe-version": request.headers.get("stripe-version") ?? API_VERSION,
		};
		if (reply.replayed) headers["idempotent-replayed"] = "true";
		if (reply.retry_after_s !== undefined) headers["retry-after"] = `${reply.retry_after_s}`;
		const { status, body } = reply;
		if (reply.cut !== "truncate") return new Response(body, { status, headers });
		return new Response(brokenOff(body.slice(0, body.length / 2)), { status, headers });
	}
}

function partsOf(url: string): { path: string; query: string } {
	const path_at = url.indexOf("/", "http://".length);
	const query_at = url.indexOf("?", path_at);
	if (query_at === -1) return { path: url.slice(path_at), query: "" };
	return { path: url.slice(path_at, query_at), query: url.slice(query_at + 1) };
}

function form(text: string) {
	try {
		return decodeForm(text);
	} catch (cause) {
		const message = (cause as Error).message;
		throw invalid(`The parameters are not form-encoded: ${message}.`);
	}
}

function checkKey(authorization: string | null, api_key: string | undefined): void {
	const sent = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
	if (sent === undefined) {
		throw unauthorized(
			"You did not provide an API key: send it as Authorization: Bearer sk_test_…",
		);
	}
	if (api_key === undefined ? sent.startsWith("sk_test_") : sent === api_key) return;
	throw unauthorized(`Invalid API Key provided: ${sent.slice(0, 8)}***`);
}

function unauthorized(message: string): ApiError {
	return new ApiError(401, { type: "invalid_request_error", message });
}

/** A body that begins and then breaks off with the connection; nothing at all goes out without a text. */
function brokenOff(text: string): ReadableStream {
	return new ReadableStream({
		async pull(controller) {
			if (text === "") {
				await Promise.resolve();
			} else {
				controller.enqueue(new TextEncoder().encode(text));
				// A reset takes with it what the client has not read yet.
				await Bun.sleep(CUT_AFTER_MS);
			}
			controller.error(new Error("cut by a fault"));
		},
	});
}

/** Waits until the client gives up or the server stops. */
function letGo(...signals: AbortSignal[]): Promise<void> {
	return new Promise((gone) => {
		for (const signal of signals) {
			if (signal.aborted) gone();
			signal.addEventListener("abort", () => gone(), { once: true });
		}
	});
}
