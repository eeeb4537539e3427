import { expect, test } from "bun:test";
import { filtersOf } from "./subject-filter.ts";

test.each([
	["the newest version asks for all", ["orders.created.v2"], ["orders.created.*"]],
	["an old version asks for itself", ["orders.created.v1"], ["orders.created.v1"]],
	[
		"all versions ask once, since filters must not overlap",
		["orders.created.v1", "orders.created.v2"],
		["orders.created.*"],
	],
	[
		"each event by itself",
		["payments.completed.v1", "payments.failed.v1"],
		["payments.completed.*", "payments.failed.*"],
	],
] as const)("%s", (_, subjects, filters) => {
	expect(filtersOf(subjects)).toEqual([...filters]);
});
