const MODULE_FILE = "^src/modules/([^/]+)/";
const UNIT_TEST = "\\.test\\.ts$";

/** Who may import whom inside src. What stands on a line may be imported by its key. */
const LAYERS = {
	contracts: {
		files: "^src/contracts/",
		may: [],
		why: "Contracts are what modules say to each other; a contract that leans on code drags that code into every reader.",
		wayOut: "Move the type into src/contracts, or pass the value in as data.",
	},
	lifecycle: {
		files: "^src/(lifecycle|crash-point)\\.ts$",
		may: [],
		why: "Every part depends on how it starts, stops and dies, so these can depend on none of them.",
		wayOut: "Put what only one part needs into that part.",
	},
	config: {
		files: "^src/config\\.ts$",
		may: ["contracts/", "telemetry/", "lifecycle.ts"],
		why: "Config is read before anything is built; importing a part would start to wire things in it.",
		wayOut: "Describe the setting as plain data and let src/app.ts hand it to the part.",
	},
	modules: {
		files: MODULE_FILE,
		may: [
			"modules/",
			"contracts/",
			"database/",
			"gateway/",
			"messaging/",
			"object-store/",
			"telemetry/",
			"transparency/",
			"http/",
			"lifecycle.ts",
			"crash-point.ts",
		],
		why: "A module that reaches for config, the command line or the wiring can no longer be started alone.",
		wayOut: "Take it as an argument of the module function; src/app.ts passes it in.",
	},
	database: {
		files: "^src/database/",
		may: ["telemetry/", "lifecycle.ts"],
		why: "The database folder serves every module and must know none of them, nor the broker.",
		wayOut: "Pass settings and callbacks in from src/app.ts.",
	},
	telemetry: {
		files: "^src/telemetry/",
		may: ["lifecycle.ts"],
		why: "Everything logs, so a log that imports something makes a cycle sooner or later.",
		wayOut: "Let the caller give the numbers and names; telemetry only records them.",
	},
	gateway: {
		files: "^src/gateway/",
		may: ["contracts/", "telemetry/", "lifecycle.ts"],
		why: "The gateway moves money when asked; what it is for, and what is recorded of it, the payment module knows.",
		wayOut: "Answer with the result as data and let the payment module act on it.",
	},
	messaging: {
		files: "^src/messaging/",
		may: ["contracts/", "database/", "telemetry/", "lifecycle.ts", "crash-point.ts"],
		why: "Delivery carries events without knowing what they are for.",
		wayOut: "Give the handler, the limits or the route in as data from the module or src/app.ts.",
	},
	http: {
		files: "^src/http/",
		may: ["contracts/", "telemetry/", "lifecycle.ts"],
		why: "The server mounts the routes it is given; if it knows a module or the broker, no role can run without them.",
		wayOut: "Hand the route or the health probe to the server as an argument in src/app.ts.",
	},
	console: {
		files: "^src/console/",
		may: ["contracts/", "database/", "messaging/", "telemetry/", "http/", "lifecycle.ts"],
		why: "The operators' page shows what others know; it is never where things are wired or configured.",
		wayOut: "Take the reader it needs as an argument from src/app.ts.",
	},
	operations: {
		files: "^src/operations/",
		may: [
			"contracts/",
			"database/",
			"messaging/",
			"telemetry/",
			"http/",
			"lifecycle.ts",
			"crash-point.ts",
		],
		why: "What an operator does to messages is the same for every module; knowing one would tie it to it.",
		wayOut:
			"Let the module offer a function beside its handler, as foresee is, and pass it in from src/app.ts.",
	},
	verify: {
		files: "^src/verify/",
		may: ["contracts/", "database/", "gateway/", "telemetry/", "lifecycle.ts"],
		why: "Who proves the books may not share the code that wrote them, or both are wrong in the same way.",
		wayOut: "Read what is written down, in src/verify/store.ts, and judge it there anew.",
	},
	explain: {
		files: "^src/explain/",
		may: ["contracts/", "database/", "transparency/"],
		why: "Whoever tells what happened to an order must not be able to make anything happen to it.",
		wayOut:
			"Read what is written down, in src/explain, or pass in from src/cli/explain.ts a function that asks.",
	},
	replay: {
		files: "^src/replay/",
		may: ["contracts/", "database/", "transparency/"],
		why: "A replay that can reach a gateway, a broker or a module's code repeats its side effects, or its faults.",
		wayOut:
			"Rebuild from the events in src/replay anew, or pass what it reads in from src/cli/audit-replay.ts.",
	},
	sandbox: {
		files: "^src/sandbox/",
		may: ["lifecycle.ts"],
		why: "The sandbox stands in for a gateway of others: a fault in shared code would hide on both sides.",
		wayOut: "Write it after Stripe's documentation, or pass it in from src/cli/sandbox.ts.",
	},
	transparency: {
		files: "^src/transparency/",
		may: ["contracts/"],
		why: "Hashes, proofs and signatures are checked by strangers, who have no store, database or broker.",
		wayOut: "Take the bytes, or a function that reads them, as an argument.",
	},
	"object-store": {
		files: "^src/object-store/",
		may: [],
		why: "A store keeps bytes under names; what they mean is for those who write and check them.",
		wayOut: "Let the caller make the objects and judge what he finds.",
	},
	embedded: {
		files: "^src/embedded/",
		may: ["lifecycle.ts"],
		why: "Laptop servers are started before anything else exists and are absent in production.",
		wayOut: "Return ports and paths; the caller logs, migrates and connects.",
	},
};

/** Which package may be imported where. */
const PACKAGES = {
	"package-nats": {
		packages: "nats|@nats-io/[^/]+",
		only: ["^src/messaging/"],
		why: "The broker's client is known in one folder, so that delivery has one implementation.",
		wayOut: "Offer what you need as a function of src/messaging and call that.",
	},
	"package-hono": {
		packages: "hono|@hono/[^/]+",
		only: [
			"^src/http/",
			"^src/console/",
			"^src/operations/http(\\.|-)",
			"^src/modules/[^/]+/http(\\.|-)",
		],
		why: "The web framework ends at the routes; use cases must run from a test or a consumer as well.",
		wayOut: "Parse and answer in http.ts, and call the use case with plain data.",
	},
	"package-sql": {
		packages: "postgres|drizzle-orm",
		only: [
			"^src/database/",
			"^src/.+/([^/]*store|tables)\\.ts$",
			"^src/messaging/(outbox[^/]*|[^/]+-tables?|failures[^/]*)\\.ts$",
		],
		why: "Statements live in stores, so that all writes of a table are found in one file.",
		wayOut: "Add a function to the store (or the outbox) and call it with plain data.",
	},
	"package-gateway": {
		packages: "stripe|cockatiel|p-limit",
		only: ["^src/gateway/"],
		why: "Who moves the money, and how calls to him are held back, is known in one folder, behind one port.",
		wayOut: "Use the Gateway that src/gateway offers, or add to its port.",
	},
	"package-object-store": {
		packages: "aws4fetch",
		only: ["^src/object-store/"],
		why: "How requests to a bucket are signed is known in one folder.",
		wayOut: "Use the ObjectStore that src/object-store opens.",
	},
	"package-telemetry": {
		packages: "pino|pino-pretty|prom-client|@opentelemetry/[^/]+",
		only: ["^src/telemetry/"],
		why: "Logging, metrics and tracing are swapped, pruned and stopped in one folder.",
		wayOut: "Use the log, metric or span that src/telemetry offers, or add one there.",
	},
};

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const SHAPE = [
	rule("modules-stay-apart", {
		why: "One module imports another, so the two can no longer be run, changed or scaled alone.",
		wayOut: "Publish an event from src/contracts and react to it, or carry the fact in the event.",
		from: { path: MODULE_FILE },
		to: { path: MODULE_FILE, pathNot: "^src/modules/$1/" },
	}),
	rule("rules-stay-pure", {
		why: "A rules file decides from state, time and ids given as data; here it reaches for something that acts.",
		wayOut: "Do the reading and writing in the use case and pass the values in.",
		from: { path: "^src/modules/([^/]+)/\\1\\.ts$" },
		to: { pathNot: "^src/contracts/" },
	}),
	rule("routes-own-http", {
		why: "A file other than http.ts, or its http-*.ts, of a module knows the web server.",
		wayOut: "Throw a typed error or return data; http.ts turns it into an answer.",
		from: { path: MODULE_FILE, pathNot: "^src/modules/[^/]+/http(\\.|-)" },
		to: { path: "^src/http/" },
	}),
	rule("module-has-one-door", {
		why: "Somebody outside a module imports one of its inner files, which makes all of them public.",
		wayOut: "Offer it through module.ts, or move what is really common into src/contracts.",
		from: { path: "^src/", pathNot: "^src/modules/" },
		to: { path: MODULE_FILE, pathNot: "^src/modules/[^/]+/module\\.ts$" },
	}),
	rule("only-app-opens-doors", {
		why: "A module is wired outside src/app.ts, so the list of modules is no longer in one place.",
		wayOut: "Let src/app.ts build the module and hand over what you need.",
		from: { path: "^src/", pathNot: "^src/(modules/|app\\.ts$)" },
		to: { path: "^src/modules/[^/]+/module\\.ts$" },
	}),
	rule("drizzle-config-reads-tables", {
		why: "The migration generator imports more of src than table definitions, so it may start connections.",
		wayOut: "List ./src/**/tables.ts by glob, or import tables.ts alone.",
		from: { path: "^drizzle\\.config\\.ts$" },
		to: { path: "^src/", pathNot: "tables\\.ts$" },
	}),
	rule("src-without-tests", {
		why: "Shipped code imports test or bench code, which is not in the image.",
		wayOut: "Move what is needed into src, or the file that needs it into test.",
		from: { path: "^src/" },
		to: { path: "^(test|bench)/" },
	}),
	rule("tests-are-leaves", {
		why: "A file imports a *.test.ts file, which runs its tests a second time.",
		wayOut: "Move the piece both need into test/support.",
		from: {},
		to: { path: UNIT_TEST },
	}),
];

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const HYGIENE = [
	rule("no-cycles", {
		why: "Files import each other in a circle (type imports count), so neither can be read or tested alone.",
		wayOut: "Move the piece both need into a third file, or pass it in as an argument.",
		from: {},
		to: { circular: true },
	}),
	rule("no-orphans", {
		why: "Nobody imports this file and it imports nobody: it is left over.",
		wayOut: "Delete it, or import it where it was meant to be used.",
		from: {
			orphan: true,
			pathNot: [
				"^src/main\\.ts$",
				UNIT_TEST,
				"\\.d\\.ts$",
				"^migrations/",
				"^drizzle\\.config\\.ts$",
			],
		},
		to: {},
	}),
	rule("no-dev-dependency", {
		why: "Shipped code imports a package that production does not install.",
		wayOut: "Move the package to dependencies, or the file to test.",
		from: { path: "^src/", pathNot: UNIT_TEST },
		to: { dependencyTypes: ["npm-dev"] },
	}),
	rule("no-undeclared-package", {
		why: "The package is not in package.json; it is there by luck, through another one.",
		wayOut: "Add it to package.json with an exact version and say why in the commit.",
		from: { path: "^(src|bench)/" },
		to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
	}),
	rule("no-unresolved", {
		why: "The import leads nowhere, so no other fence can judge it.",
		wayOut: "Fix the path (with its ending), or install the package.",
		from: {},
		to: { couldNotResolve: true, pathNot: "^bun(:|$)" },
	}),
];

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
	forbidden: [...layerRules(), ...SHAPE, ...packageRules(), ...HYGIENE],
	options: {
		parser: "swc",
		tsPreCompilationDeps: true,
		doNotFollow: { path: "node_modules" },
		exclude: { path: "^test/architecture/fixtures/" },
		enhancedResolveOptions: {
			exportsFields: ["exports"],
			conditionNames: ["bun", "import", "require", "node", "default", "types"],
			extensions: [".ts", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
			mainFields: ["module", "main", "types"],
		},
	},
};

function rule(name, { why, wayOut, from, to }) {
	return { name, severity: "error", comment: `${why} Way out: ${wayOut}`, from, to };
}

function layerRules() {
	return Object.entries(LAYERS).map(([layer, { files, may, why, wayOut }]) => {
		const allowed = may.map((path) => `^src/${path.replace(".", "\\.")}`);
		const to = { path: "^src/", pathNot: [files, ...allowed] };
		return rule(`layer-${layer}`, { why, wayOut, from: { path: files }, to });
	});
}

function packageRules() {
	return Object.entries(PACKAGES).map(([name, { packages, only, why, wayOut }]) => {
		const to = { path: `(^|/)node_modules/(${packages})/` };
		return rule(name, { why, wayOut, from: { path: "^src/", pathNot: only }, to });
	});
}
