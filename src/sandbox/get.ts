import type { Form } from "./form.ts";
import type { Ledger } from "./ledger.ts";
import { unknownUrl } from "./operations.ts";
import { renderIntent, renderList, renderRefund, renderSearch } from "./render.ts";
import { type Reply, reply } from "./reply.ts";
import { createSearch } from "./search.ts";

const INTENTS = "/v1/payment_intents";
const REFUNDS = "/v1/refunds";
const SEARCH = `${INTENTS}/search`;
const ONE = /^\/v1\/(payment_intents|refunds)\/([^/]+)$/;

/** Answers from the books what is surely on the disk. */
export function createGet({ books, settled }: Ledger) {
	const search = createSearch(books.intents);

	/** @throws ApiError */
	return async function get(path: string, query: Form): Promise<Reply> {
		const body = bodyOf(path, query);
		await settled();
		return reply(200, body);
	};

	function bodyOf(path: string, query: Form): string {
		if (path === INTENTS) {
			const { data, has_more } = books.listIntents(query);
			return renderList(INTENTS, data.map(renderIntent), has_more);
		}
		if (path === REFUNDS) {
			const { data, has_more } = books.listRefunds(query);
			return renderList(REFUNDS, data.map(renderRefund), has_more);
		}
		if (path === SEARCH) {
			const { data, next_page } = search(query);
			return renderSearch(SEARCH, data.map(renderIntent), next_page);
		}
		const [, kind, id] = ONE.exec(path) ?? [];
		if (id === undefined) throw unknownUrl("GET", path);
		return kind === "refunds" ? renderRefund(books.refund(id)) : renderIntent(books.intent(id));
	}
}
