import { defineConfig } from "drizzle-kit";

const module = process.env.MODULE;
if (!module)
	throw new Error("Say which module: MODULE=order bunx drizzle-kit generate --name what_changes");

export default defineConfig({
	dialect: "postgresql",
	schema: `./src/modules/${module}/tables.ts`,
	out: `./migrations/${module}`,
	schemaFilter: [`millrace_${module}`],
});
