import type { Gateway, GatewayRequest, GatewayResult } from "../../src/gateway/gateway.ts";

/** A gateway of the test's: it counts calls, keeps one effect a key, and answers as it is told. */
export interface TestGateway extends Gateway {
	readonly calls: readonly GatewayRequest[];
	/** Money that moved: the first call of each key that was told to succeed. */
	readonly moved: ReadonlyMap<string, GatewayRequest>;
	readonly looked_up: readonly GatewayRequest[];
	/** Moves the money of an order's charge without telling anybody. */
	move(order_id: string): void;
	/** How many calls it takes at the same time; without it as many as there are. */
	setCapacity(calls: number): void;
	/** Says what comes of the next calls; without it they succeed. */
	answer(reply: (request: GatewayRequest) => GatewayResult | Promise<GatewayResult>): void;
}

export function createTestGateway(): TestGateway {
	const calls: GatewayRequest[] = [];
	const looked_up: GatewayRequest[] = [];
	const moved = new Map<string, GatewayRequest>();
	const in_secret = new Set<string>();
	let capacity = Number.POSITIVE_INFINITY;
	const succeed = ({ key }: GatewayRequest): GatewayResult => ({
		state: "succeeded",
		reference: `ref_${key}`,
	});
	let answer: (request: GatewayRequest) => GatewayResult | Promise<GatewayResult> = succeed;

	async function move(request: GatewayRequest): Promise<GatewayResult> {
		calls.push(request);
		const result = await answer(request);
		if (result.state === "succeeded" && !moved.has(request.key)) moved.set(request.key, request);
		return result;
	}

	return {
		calls,
		moved,
		looked_up,
		answer(reply) {
			answer = reply;
		},
		capacity: () => capacity,
		move(order_id) {
			in_secret.add(order_id);
		},
		setCapacity(now) {
			capacity = now;
		},
		async submit(requests, _, tell) {
			await Promise.all(
				requests.map(async (request, position) => tell(position, await move(request))),
			);
		},
		async lookUp(request) {
			looked_up.push(request);
			if (!moved.has(request.key) && !in_secret.has(request.order_id))
				return { state: "not_found" };
			return { state: "succeeded", reference: `ref_${request.key}` };
		},
		async *books() {
			yield [...moved.values()].map((it) => ({ ...it, reference: `ref_${it.key}` }));
		},
	};
}
