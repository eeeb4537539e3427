CREATE TABLE "millrace_audit"."customer_keys" (
	"tenant_id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"key_id" text COLLATE "C" NOT NULL,
	"key" "bytea" NOT NULL,
	CONSTRAINT "customer_keys_tenant_id_customer_id_pk" PRIMARY KEY("tenant_id","customer_id"),
	CONSTRAINT "customer_keys_key_id_unique" UNIQUE("key_id"),
	CONSTRAINT "customer_keys_whole" CHECK (octet_length(key) = 32)
);
--> statement-breakpoint
CREATE TABLE "millrace_audit"."forgotten" (
	"tenant_id" text COLLATE "C" NOT NULL,
	"salt" "bytea" NOT NULL,
	"customer_hash" "bytea" NOT NULL,
	CONSTRAINT "forgotten_tenant_id_salt_pk" PRIMARY KEY("tenant_id","salt")
);
