const SECRET_FIELD =
	/"([\w.-]*(?:authorization|password|passwd|secret|token|cookie|api_?key|private_?key))":"(?:[^"\\]|\\.)*"/gi;
const CREDENTIALS = /\b(Bearer|Basic)\s+[\w.~+/=-]{16,}/gi;
/**
 * A password may hold "/", "?" or "@" unescaped, and then the url does not parse and ends up in an
 * error. For these schemes all is hidden up to the last "@" of the word.
 */
const STORE_URL = /\b((?:postgres(?:ql)?|nats|tls):\/\/)[^\s",\\]*@/gi;
const ANY_URL = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s"/?#]*@/gi;

/** Hides the user and password of every url in `text`: `postgres://***@db:5432/millrace`. */
export function redactUrls(text: string): string {
	if (!text.includes("://")) return text;
	return text.replace(STORE_URL, "$1***@").replace(ANY_URL, "$1***@");
}

/**
 * Hides secrets in one line of JSON, at any depth: string fields named like a secret
 * (`authorization`, `db_password`, `payment_token`, `cookie`, `api_key`), bearer and basic
 * credentials, and credentials in urls.
 *
 * It works on the text because pino's own `redact` knows fixed depths only and costs 10 µs a line
 * for three of them; this costs 1 µs.
 */
export function redactLine(line: string): string {
	return redactUrls(line.replace(SECRET_FIELD, '"$1":"***"').replace(CREDENTIALS, "$1 ***"));
}
