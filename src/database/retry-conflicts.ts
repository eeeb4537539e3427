import { WriteConflictError } from "./errors.ts";

const TRIES_MAX = 6;

/**
 * Runs read-decide-write until its write meets no conflict.
 * @param work gets the number of the attempt, from 1
 * @throws WriteConflictError of the last attempt, or whatever else `work` throws.
 */
export async function retryConflicts<T>(work: (attempt: number) => Promise<T>): Promise<T> {
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await work(attempt);
		} catch (error) {
			if (!(error instanceof WriteConflictError) || attempt === TRIES_MAX) throw error;
		}
	}
}
