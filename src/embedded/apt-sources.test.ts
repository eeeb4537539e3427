import { expect, test } from "bun:test";
import { chooseArchive, parseDeb822, parseSourcesList } from "./apt-sources.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

test("reads the one-line format, with and without options", () => {
	const text = `
# deb http://off.example.org/debian trixie main
deb-src http://mirror.example.org/debian trixie main
deb http://mirror.example.org/debian trixie main contrib # fast
deb [arch=amd64 signed-by=${KEYRING}] http://mirror.example.org/debian/ trixie-updates main
`;
	expect(parseSourcesList(text)).toEqual([
		{
			uris: ["http://mirror.example.org/debian"],
			suites: ["trixie"],
			components: ["main", "contrib"],
		},
		{
			uris: ["http://mirror.example.org/debian/"],
			suites: ["trixie-updates"],
			components: ["main"],
			signed_by: KEYRING,
		},
	]);
});

test("reads the deb822 format", () => {
	const text = `Types: deb deb-src
# a snapshot
URIs: http://a.example.org/debian
 http://b.example.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: ${KEYRING}

types: deb-src
uris: http://a.example.org/debian
suites: bookworm
components: main

Enabled: no
Types: deb
URIs: http://c.example.org/debian
Suites: bookworm
Components: main
`;
	expect(parseDeb822(text)).toEqual([
		{
			uris: ["http://a.example.org/debian", "http://b.example.org/debian"],
			suites: ["bookworm", "bookworm-updates"],
			components: ["main"],
			signed_by: KEYRING,
		},
	]);
});

test("keeps a key that is written out in a deb822 entry", () => {
	const key =
		"\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDME\n -----END PGP PUBLIC KEY BLOCK-----";
	const stanza = "Types: deb\nURIs: http://a.example.org/x\nSuites: sid\nComponents: main\n";
	expect(parseDeb822(`${stanza}Signed-By:${key}\n`)[0]?.signed_by).toBe(key);
});

test("prefers Debian's main archive to others that name their suites after its releases", () => {
	const archive = chooseArchive([
		{ uris: ["https://tools.example.org/apt"], suites: ["bookworm"], components: ["main"] },
		{
			uris: ["http://m.example.org/debian-security"],
			suites: ["bookworm-security"],
			components: ["main"],
		},
		{
			uris: ["http://m.example.org/debian/"],
			suites: ["bookworm"],
			components: ["main"],
			signed_by: KEYRING,
		},
		{ uris: ["https://x.example.org/debian"], suites: ["bookworm"], components: ["stable"] },
	]);
	expect(archive).toEqual({
		uris: ["http://m.example.org/debian/"],
		suites: ["trixie-backports", "forky", "sid"],
		component: "main",
		signed_by: KEYRING,
	});
});

test("takes Ubuntu's archive, not a private one that looks like it", () => {
	const archive = chooseArchive([
		{ uris: ["https://ppa.example.org/ann/tools/ubuntu"], suites: ["noble"], components: ["main"] },
		{ uris: ["http://m.example.org/ubuntu/"], suites: ["noble"], components: ["main", "universe"] },
	]);
	expect(archive).toMatchObject({ uris: ["http://m.example.org/ubuntu/"], component: "universe" });
});

test("chooses nothing where no entry is a main archive", () => {
	const uris = ["https://tools.example.org/apt"];
	expect(chooseArchive([{ uris, suites: ["nodistro"], components: ["main"] }])).toBeUndefined();
	expect(chooseArchive([])).toBeUndefined();
});
