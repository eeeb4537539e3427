/**
 * A place to get a nats-server from. Puts one somewhere into the empty folder `into` and answers its
 * path; throws when it has none for this machine.
 */
export type NatsSource = (into: string, report: (line: string) => void) => Promise<string>;
