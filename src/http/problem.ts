import { z } from "zod";

/** RFC 9457. `errors` names the parts of the request that are wrong, as JSON pointers. */
export const problemSchema = z
	.object({
		type: z.string(),
		title: z.string(),
		status: z.int(),
		detail: z.string().optional(),
		errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
	})
	.meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

export interface ProblemDetails {
	readonly detail?: string;
	readonly errors?: NonNullable<Problem["errors"]>;
	/** Seconds after which the request may succeed. */
	readonly retry_after_s?: number;
	readonly cause?: unknown;
}

/** What a client is told when a request cannot be served. Thrown anywhere under a route; answered in one place. */
export class HttpProblem extends Error {
	override readonly name = "HttpProblem";
	readonly status: number;
	readonly details: ProblemDetails;

	constructor(status: number, title: string, details: ProblemDetails = {}) {
		super(title, { cause: details.cause });
		this.status = status;
		this.details = details;
	}

	toJSON(): Problem {
		const { detail, errors } = this.details;
		return {
			type: "about:blank",
			title: this.message,
			status: this.status,
			...(detail === undefined ? {} : { detail }),
			...(errors === undefined ? {} : { errors }),
		};
	}

	toResponse(): Response {
		const { retry_after_s } = this.details;
		return new Response(JSON.stringify(this), {
			status: this.status,
			headers: {
				"content-type": "application/problem+json",
				...(retry_after_s === undefined ? {} : { "retry-after": String(retry_after_s) }),
			},
		});
	}
}

/** What zod found wrong, as a problem. */
export function invalid(error: z.ZodError): HttpProblem {
	const errors = error.issues.map(({ path, message }) => ({
		pointer: `/${path.map((part) => String(part).replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`,
		detail: message,
	}));
	return new HttpProblem(400, "The request is not valid", { errors });
}
