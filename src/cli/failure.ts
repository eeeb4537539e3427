import { redactUrls } from "../telemetry/redact.ts";

const UNEXPECTED = 70;

/**
 * Errors that say themselves what is wrong and what to do, with the exit code of each: 2 for a wrong
 * call, 78 for a wrong configuration, as sysexits has it. Known by name, so that a command need not
 * load what throws them.
 */
const EXIT_CODES: Readonly<Record<string, number>> = {
	UsageError: 2,
	ConfigError: 78,
	TracingVariableError: 78,
	StoreError: 78,
	KeyError: 78,
	NoteError: 1,
	ProofError: 1,
	ReplayError: 1,
	SealError: 1,
	PortTakenError: 1,
	EmbeddedError: 1,
	GatewayBooksError: 1,
	LedgerError: 1,
	OpsError: 1,
};

/** SQLSTATE classes: the login is refused, there is no such database. */
const REFUSED_STATE = /^(28|3D)/;

/** Prints why a command failed and answers the exit code. Only what nobody expected shows a stack. */
export function reportFailure(error: unknown, advice?: string): number {
	const { code, text } = explain(error);
	console.error(redactUrls(`millrace: ${text}${advice === undefined ? "" : `\n${advice}`}`));
	return code;
}

function explain(error: unknown): { code: number; text: string } {
	if (!(error instanceof Error)) return { code: UNEXPECTED, text: String(error) };
	const code = EXIT_CODES[error.name];
	if (code !== undefined) return { code, text: error.message };
	const database = explainDatabase(error);
	if (database !== undefined) return { code: 1, text: database };
	if ("syscall" in error && "path" in error) {
		const way_out = "Choose another folder with --data-dir, or make room and let us in there.";
		return { code: 1, text: `a file cannot be used: ${error.message}. ${way_out}` };
	}
	return { code: UNEXPECTED, text: `this is a bug.\n${Bun.inspect(error, { colors: false })}` };
}

function explainDatabase(error: Error): string | undefined {
	const state = "code" in error ? String(error.code) : "";
	const way_out = "Check DATABASE_URL, or leave it out to start an embedded Postgres.";
	if (error.name === "DatabaseUnavailableError")
		return `Postgres cannot be reached: ${error.message}. ${way_out}`;
	if (error.name === "PostgresError" && REFUSED_STATE.test(state))
		return `Postgres does not let us in: ${error.message}. ${way_out}`;
	return undefined;
}
