CREATE SCHEMA IF NOT EXISTS "millrace_audit";
--> statement-breakpoint
CREATE TABLE "millrace_audit"."batches" (
	"first_index" bigint PRIMARY KEY NOT NULL,
	"id_prefixes" "bytea" NOT NULL,
	"recorded_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "millrace_audit"."failures" (
	"consumer" text COLLATE "C" NOT NULL,
	"message_id" text COLLATE "C" NOT NULL,
	"attempts" integer NOT NULL,
	"error" text NOT NULL,
	"first_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "failures_consumer_message_id_pk" PRIMARY KEY("consumer","message_id")
);
--> statement-breakpoint
CREATE TABLE "millrace_audit"."log" (
	"id" integer PRIMARY KEY NOT NULL,
	"size" bigint NOT NULL,
	CONSTRAINT "log_one_row" CHECK (id = 1)
);
--> statement-breakpoint
CREATE TABLE "millrace_audit"."positions" (
	"stream" text COLLATE "C" PRIMARY KEY NOT NULL,
	"stream_created" text COLLATE "C" NOT NULL,
	"sequence" bigint NOT NULL
);
