import type { Gateway, GatewayRequest, GatewayResult } from "../../src/modules/payment/gateway.ts";

/** A gateway of the test's: it counts calls, keeps one effect a key, and answers as it is told. */
export interface TestGateway extends Gateway {
	readonly calls: readonly GatewayRequest[];
	/** Money that moved: the first call of each key that was told to succeed. */
	readonly moved: ReadonlyMap<string, GatewayRequest>;
	/** Says what comes of the next calls; without it they succeed. */
	answer(reply: (request: GatewayRequest) => GatewayResult | Promise<GatewayResult>): void;
}

export function createTestGateway(): TestGateway {
	const calls: GatewayRequest[] = [];
	const moved = new Map<string, GatewayRequest>();
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
		answer(reply) {
			answer = reply;
		},
		submit: (requests) => Promise.all(requests.map(move)),
	};
}
