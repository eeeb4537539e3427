ALTER TABLE "millrace_audit"."log" ADD COLUMN "key_deletions" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE FUNCTION "millrace_audit"."count_key_deletion"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE "millrace_audit"."log" SET "key_deletions" = "key_deletions" + 1;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "customer_keys_deletions" AFTER DELETE OR TRUNCATE ON "millrace_audit"."customer_keys"
	FOR EACH STATEMENT EXECUTE FUNCTION "millrace_audit"."count_key_deletion"();
