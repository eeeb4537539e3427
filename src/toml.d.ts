declare module "*.toml" {
	const value: unknown;
	export default value;
}
declare module "*.sql" {
	const text: string;
	export default text;
}
