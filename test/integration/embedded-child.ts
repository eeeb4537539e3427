import { startServers } from "../../src/embedded/servers.ts";
import { natsBinary } from "../support/nats.ts";

/** Starts both servers in the folder given and prints their addresses; ends only when it is killed. */
process.on("SIGINT", () => {});
const { database_url, nats_url, nats_monitoring_url } = await startServers({
	data_folder: process.argv[2] ?? "",
	postgres: {},
	nats: { binary: await natsBinary(), path: "", cache_folder: "" },
	report() {},
});
process.stdout.write(`${JSON.stringify({ database_url, nats_url, nats_monitoring_url })}\n`);
process.stdin.resume();
