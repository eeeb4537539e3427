CREATE TABLE "millrace_payment"."sent" (
	"id" bigint PRIMARY KEY NOT NULL,
	"payload" "bytea" NOT NULL,
	"positions" integer[],
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "millrace_payment"."streams" (
	"stream" text COLLATE "C" PRIMARY KEY NOT NULL,
	"stream_created" text COLLATE "C" NOT NULL,
	"server" text COLLATE "C" NOT NULL,
	"sequence" bigint NOT NULL,
	"stored_at" text COLLATE "C" NOT NULL,
	"broker_time" text COLLATE "C" NOT NULL,
	"looked_at" timestamp with time zone DEFAULT now() NOT NULL,
	"losses" integer DEFAULT 0 NOT NULL,
	"mended" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "millrace_payment"."sent" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
