import { expect, test } from "bun:test";
import { createScreen } from "./screen.ts";

function terminal(isTTY: boolean, size: { columns?: number; rows?: number } = {}) {
	const written: string[] = [];
	const screen = createScreen({ isTTY, ...size, write: (text) => written.push(text) });
	return { screen, written };
}

test("what may still change is taken back before anything else is written", () => {
	const { screen, written } = terminal(true);
	screen.show(["one", "two"]);
	screen.print("for good");
	screen.show(["two"]);
	screen.show([]);
	expect(written).toEqual([
		"one\ntwo\n",
		"\x1b[2A\r\x1b[Jfor good\none\ntwo\n",
		"\x1b[2A\r\x1b[Jtwo\n",
		"\x1b[1A\r\x1b[J",
	]);
});

test("lines that would wrap or scroll away are cut", () => {
	const { screen, written } = terminal(true, { columns: 6, rows: 4 });
	screen.show(["a long line", "two", "three"]);
	expect(written).toEqual(["a lon\ntwo\n"]);
});

test("on a pipe only what stays is written, each line once", () => {
	const { screen, written } = terminal(false);
	screen.show(["one"]);
	screen.print("for good");
	screen.print("ended already\n");
	expect(written).toEqual(["for good\n", "ended already\n"]);
});
