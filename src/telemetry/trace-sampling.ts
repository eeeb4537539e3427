/** The values of `OTEL_TRACES_SAMPLER`. */
export const samplerNames = [
	"always_on",
	"always_off",
	"traceidratio",
	"parentbased_always_on",
	"parentbased_always_off",
	"parentbased_traceidratio",
] as const;

/** Which traces are taken. `arg` is the share of roots, 0 to 1, for the two ratio samplers. */
export interface Sampler {
	readonly name: (typeof samplerNames)[number];
	readonly arg: number;
}

/** What a sampler says before there is a span. */
export interface Sampling {
	/** The share of roots that are taken, 0 to 1. */
	readonly root_ratio: number;
	/** Whether a span whose parent carries this sampled flag is taken. */
	follows(parent_sampled: boolean): boolean;
}

/**
 * A root is drawn by lot; whatever has a parent does as the parent's flag says. Only the two
 * samplers that want all or nothing overrule the flag. `traceidratio` follows it too: the flag
 * already holds what the same ratio said at the root.
 */
export function createSampling(sampler: Sampler): Sampling {
	switch (sampler.name) {
		case "always_on":
			return { root_ratio: 1, follows: () => true };
		case "always_off":
			return { root_ratio: 0, follows: () => false };
		case "parentbased_always_on":
			return { root_ratio: 1, follows: (sampled) => sampled };
		case "parentbased_always_off":
			return { root_ratio: 0, follows: (sampled) => sampled };
		case "traceidratio":
		case "parentbased_traceidratio":
			return { root_ratio: sampler.arg, follows: (sampled) => sampled };
	}
}
