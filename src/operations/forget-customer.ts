import type { Session } from "../messaging/connection.ts";
import type { ForgetStore, KeptKey } from "./forget-store.ts";
import { recorded } from "./record-act.ts";

/**
 * Deletes the key of a customer, after it is said in an event. That names the key alone: it stays in the log.
 * @param orders how many have something sealed with it
 * @returns false when somebody else was first
 */
export function forgetCustomer(
	session: Session,
	store: ForgetStore,
	operator: string,
	{ customer_id, key, orders }: { customer_id: string; key: KeptKey; orders: number },
): Promise<boolean> {
	const asked = { tenant_id: key.tenant_id, key_id: key.key_id, orders };
	const forget = () => store.forget(customer_id, key);
	return recorded(session, operator, "customers.forget", asked, forget, (is_gone) => ({
		keys: is_gone ? 1 : 0,
	}));
}
