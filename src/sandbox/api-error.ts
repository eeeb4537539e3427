/** The inside of Stripe's error envelope, as far as we fill it. */
export interface ErrorFields {
	readonly type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
	readonly message: string;
	readonly code?: string;
	readonly decline_code?: string;
	readonly param?: string;
}

/** A request that is answered with an error. */
export class ApiError extends Error {
	override readonly name = "ApiError";
	readonly status: number;
	readonly fields: ErrorFields;
	/** The request was carried out as far as it goes, so its answer is kept under its key. */
	readonly kept: boolean;

	constructor(
		status: number,
		fields: ErrorFields,
		{ kept = false, ...options }: ErrorOptions & { kept?: boolean } = {},
	) {
		super(fields.message, options);
		this.status = status;
		this.fields = fields;
		this.kept = kept;
	}
}

/** A parameter is missing or wrong: nothing was tried, nothing is kept. */
export function invalid(message: string, param?: string, code?: string): ApiError {
	return new ApiError(400, {
		type: "invalid_request_error",
		message,
		...(code !== undefined && { code }),
		...(param !== undefined && { param }),
	});
}

/** What was asked for does not fit how things stand: tried and refused, which is kept. */
export function refused(message: string, code?: string, param?: string): ApiError {
	return new ApiError(400, invalid(message, param, code).fields, { kept: true });
}

/** What the path names is not there (404), or what a parameter names (400). */
export function missing(what: string, id: string, param: string, status = 404): ApiError {
	const { fields } = invalid(`No such ${what}: '${id}'`, param, "resource_missing");
	return new ApiError(status, fields);
}

export const internalError: ErrorFields = {
	type: "api_error",
	message: "An unknown error occurred.",
};
