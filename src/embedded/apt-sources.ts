/** One archive that apt is told of, whichever of its two file formats told it. */
export interface AptSource {
	uris: string[];
	suites: string[];
	components: string[];
	/** Path of a keyring, or the key itself, as written. */
	signed_by?: string;
}

/** A main archive of this machine, and the suites that may carry newer packages, cheapest first. */
export interface AptArchive {
	uris: string[];
	suites: readonly string[];
	component: string;
	signed_by?: string;
}

const DEBIAN_SUITES = [
	"bullseye",
	"bookworm",
	"trixie",
	"forky",
	"sid",
	"stable",
	"oldstable",
	"testing",
	"unstable",
];

/** Reads the one-line format of `sources.list`. */
export function parseSourcesList(text: string): AptSource[] {
	return text.split("\n").flatMap((line) => {
		const [, options = "", uri, suite, components] =
			/^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line) ?? [];
		if (uri === undefined || suite === undefined || components === undefined) return [];
		const signed_by = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
		return [
			{
				uris: [uri],
				suites: [suite],
				components: words(components),
				...(signed_by !== undefined && { signed_by }),
			},
		];
	});
}

/** Reads the deb822 format of `*.sources`. */
export function parseDeb822(text: string): AptSource[] {
	const plain = text.replaceAll(/^#.*\n?/gm, "");
	return plain.split(/\n\s*\n/).flatMap((stanza) => {
		const field = fieldsOf(stanza);
		if (
			!words(field("types")).includes("deb") ||
			/^\s*(no|false|0|off|disable)\b/i.test(field("enabled"))
		)
			return [];
		const signed_by = field("signed-by").trimEnd();
		const source = {
			uris: words(field("uris")),
			suites: words(field("suites")),
			components: words(field("components")),
		};
		return [{ ...source, ...(signed_by !== "" && { signed_by: signed_by.replace(/^ /, "") }) }];
	});
}

function fieldsOf(stanza: string): (name: string) => string {
	const fields = new Map<string, string>();
	for (const [, name = "", value = ""] of stanza.matchAll(/^([\w-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
		fields.set(name.toLowerCase(), value);
	}
	return (name) => fields.get(name) ?? "";
}

function words(text: string): string[] {
	return text.split(/\s+/).filter((word) => word !== "");
}

/** The entry that is most surely Debian's or Ubuntu's main archive; undefined when none looks like one. */
export function chooseArchive(sources: readonly AptSource[]): AptArchive | undefined {
	const ranked = sources
		.map((source) => ({ source, rank: debianRank(source) }))
		.filter(({ rank }) => rank > 0)
		.sort((a, b) => b.rank - a.rank);
	const debian = ranked[0]?.source;
	if (debian !== undefined) return archive(debian, ["trixie-backports", "forky", "sid"], "main");
	const ubuntu = sources.find(isUbuntu);
	return ubuntu === undefined ? undefined : archive(ubuntu, ["devel"], "universe");
}

function archive(
	{ uris, signed_by }: AptSource,
	suites: readonly string[],
	component: string,
): AptArchive {
	return { uris, suites, component, ...(signed_by !== undefined && { signed_by }) };
}

/** Other publishers name their suites after Debian's too; the keyring and the path tell them apart. */
function debianRank({ uris, suites, components, signed_by }: AptSource): number {
	if (!components.includes("main") || !suites.some((suite) => DEBIAN_SUITES.includes(suite)))
		return 0;
	const marks = [
		uris.some((uri) => /\/debian\/?$/.test(uri)),
		uris.some((uri) => uri.includes("debian")),
		signed_by?.includes("debian-archive"),
	];
	return 1 + marks.filter(Boolean).length;
}

/** A private archive looks the same but for its components. */
function isUbuntu({ uris, components }: AptSource): boolean {
	return components.includes("universe") && uris.some((uri) => /\/ubuntu(-ports)?\/?$/.test(uri));
}
