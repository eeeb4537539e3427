import type { Finding, FindingKind } from "./findings.ts";

/** What was looked at. */
export interface Counted {
	orders: number;
	pending: number;
	confirmed: number;
	cancelled: number;
	/** Orders by how often they were charged: by the gateway's word, or by ours where it was not asked. */
	charged_never: number;
	charged_once: number;
	charged_again: number;
	/** Refunds that were made, by the same. */
	refunds: number;
	skus: number;
	/** Entries of the audit log. */
	events: number;
	/** Those among them that others published, or that are about no order. */
	foreign_events: number;
	/** Charges and refunds in the gateway's books. */
	gateway_entries: number;
}

/** What is on its way, and no finding for that. */
export interface Open {
	charges: number;
	refunds: number;
	/** What would be findings, had it not been written to just now. */
	findings: number;
}

export interface FindingsOfKind {
	count: number;
	/** The first few. */
	readonly examples: Finding[];
}

/** What became of one verification. */
export interface Report {
	readonly started_at: string;
	readonly took_ms: number;
	/** Only orders that came since; null is all. */
	readonly since: string | null;
	/** False when the gateway was not asked. */
	readonly with_gateway: boolean;
	readonly counted: Counted;
	readonly open: Open;
	/** Kinds of which there is none are left out. */
	readonly findings: Readonly<Partial<Record<FindingKind, FindingsOfKind>>>;
}

export function nothingCounted(): Counted {
	return {
		orders: 0,
		pending: 0,
		confirmed: 0,
		cancelled: 0,
		charged_never: 0,
		charged_once: 0,
		charged_again: 0,
		refunds: 0,
		skus: 0,
		events: 0,
		foreign_events: 0,
		gateway_entries: 0,
	};
}

const EXAMPLES_MAX = 5;

/** Counts findings, and keeps the first few of each kind. */
export function createFindings() {
	const byKind: Partial<Record<FindingKind, FindingsOfKind>> = {};
	return {
		byKind,
		/** @param count when it stands for so many */
		add(finding: Finding, count = 1): void {
			const ofKind = byKind[finding.finding] ?? { count: 0, examples: [] };
			byKind[finding.finding] = ofKind;
			ofKind.count += count;
			if (ofKind.examples.length < EXAMPLES_MAX) ofKind.examples.push(finding);
		},
	};
}

export type Findings = ReturnType<typeof createFindings>;

/** How many findings of all kinds there are. */
export function countFindings({ findings }: Report): number {
	return Object.values(findings).reduce((sum, { count }) => sum + count, 0);
}
