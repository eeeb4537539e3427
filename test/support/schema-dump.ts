import type { Sql } from "postgres";

/** The tables of the given schemas as text: what Postgres itself says of them, in a fixed order. */
export async function describeSchema(sql: Sql, schemas: readonly string[]): Promise<string> {
	const tables = await sql<{ name: string; id: number; options: string[] | null }[]>`
		select format('%s.%s', n.nspname, c.relname) as name, c.oid::int as id, c.reloptions as options
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ${sql([...schemas])} and c.relkind in ('r', 'p')
		order by n.nspname collate "C", c.relname collate "C"`;
	const parts: string[] = [];
	for (const { name, id, options } of tables) {
		const lines = [
			...(await columns(sql, id)),
			...(await constraints(sql, id)),
			...(await indexes(sql, id)),
		];
		const stored = options === null ? "" : ` (${options.join(", ")})`;
		parts.push([`${name}${stored}`, ...lines.map((line) => `  ${line}`), ""].join("\n"));
	}
	return parts.join("\n");
}

async function columns(sql: Sql, table: number): Promise<string[]> {
	const rows = await sql<{ line: string }[]>`
		select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
			case when a.attcollation <> t.typcollation then format('collate %s', co.collname) end,
			case when a.attnotnull then 'not null' end,
			case when a.attidentity = 'a' then 'generated always as identity' end,
			case when d.adbin is not null then format('default %s', pg_get_expr(d.adbin, d.adrelid)) end,
			case when a.attstorage <> t.typstorage then format('storage %s', a.attstorage) end,
			case when a.attcompression <> '' then format('compression %s', a.attcompression) end) as line
		from pg_attribute a
		join pg_type t on t.oid = a.atttypid
		left join pg_collation co on co.oid = a.attcollation
		left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
		where a.attrelid = ${table} and a.attnum > 0 and not a.attisdropped
		order by a.attnum`;
	return rows.map(({ line }) => line);
}

async function constraints(sql: Sql, table: number): Promise<string[]> {
	const rows = await sql<{ line: string }[]>`
		select format('constraint %s %s', conname, pg_get_constraintdef(oid)) as line
		from pg_constraint where conrelid = ${table} and contype <> 'n'
		order by conname collate "C"`;
	return rows.map(({ line }) => line);
}

async function indexes(sql: Sql, table: number): Promise<string[]> {
	const rows = await sql<{ line: string }[]>`
		select pg_get_indexdef(indexrelid) as line from pg_index
		where indrelid = ${table} and not indisprimary
		order by indexrelid::regclass::text collate "C"`;
	return rows.map(({ line }) => line);
}
