import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./cruiser.ts";

const file = readFileSync(join(ROOT, "Dockerfile"), "utf8");
const instructions = file
	.replace(/\\\n/g, " ")
	.split("\n")
	.filter((line) => /^[A-Z]+ /.test(line));
const of = (name: string) => instructions.filter((line) => line.startsWith(`${name} `));
const shipped = instructions.slice(instructions.findLastIndex((line) => line.startsWith("FROM ")));

test("every stage begins with an image whose version is said in full", () => {
	expect(of("FROM")).not.toBeEmpty();
	for (const line of of("FROM")) expect(line).toMatch(/^FROM [\w/]+:\d+\.\d+[\w.-]*( AS \w+)?$/);
});

test("the builder has the Bun that the README names", () => {
	const [, version] = readFileSync(join(ROOT, "README.md"), "utf8").match(/bun@([\d.]+)/) ?? [];
	expect(of("FROM")[0]).toContain(`:${version}`);
});

test("what is shipped is the executable alone, and not for root", () => {
	const copies = shipped.filter((line) => line.startsWith("COPY "));
	expect(copies).toEqual(["COPY --from=build /out/millrace /usr/local/bin/millrace"]);
	expect(shipped.findLast((line) => line.startsWith("USER "))).toMatch(/^USER [1-9]\d+:[1-9]\d+$/);
	expect(shipped.filter((line) => /\b(apt-get|curl|wget)\b/.test(line))).toEqual([]);
});

test("it starts, says how it is without another program, and names its ports", () => {
	expect(shipped).toContain('ENTRYPOINT ["millrace"]');
	expect(shipped).toContain('CMD ["start"]');
	expect(shipped).toContain("EXPOSE 8080 9090");
	expect(of("HEALTHCHECK").join()).toEndWith('CMD ["millrace", "health"]');
});
