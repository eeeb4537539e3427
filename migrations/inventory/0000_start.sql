CREATE SCHEMA IF NOT EXISTS "millrace_inventory";
--> statement-breakpoint
CREATE TABLE "millrace_inventory"."failures" (
	"consumer" text COLLATE "C" NOT NULL,
	"message_id" text COLLATE "C" NOT NULL,
	"attempts" integer NOT NULL,
	"error" text NOT NULL,
	"first_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "failures_consumer_message_id_pk" PRIMARY KEY("consumer","message_id")
);
--> statement-breakpoint
CREATE TABLE "millrace_inventory"."outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "millrace_inventory"."outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"payload" "bytea" NOT NULL,
	"positions" integer[],
	"lease_until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "millrace_inventory"."receipts" (
	"receipt_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"lines" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "millrace_inventory"."reservations" (
	"order_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"lines" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reservations_status" CHECK (status in ('held', 'rejected', 'released'))
);
--> statement-breakpoint
CREATE TABLE "millrace_inventory"."stock" (
	"sku" text COLLATE "C" PRIMARY KEY NOT NULL,
	"received" bigint NOT NULL,
	"available" bigint NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_never_below_zero" CHECK (available >= 0),
	CONSTRAINT "stock_within_received" CHECK (available <= received)
);

--> statement-breakpoint
ALTER TABLE "millrace_inventory"."outbox" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
--> statement-breakpoint
ALTER TABLE "millrace_inventory"."stock" SET (fillfactor = 50);