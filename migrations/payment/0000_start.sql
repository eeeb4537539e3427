CREATE SCHEMA IF NOT EXISTS "millrace_payment";
--> statement-breakpoint
CREATE TABLE "millrace_payment"."charges" (
	"order_id" text COLLATE "C" NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"charge_id" uuid NOT NULL,
	"tenant_id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"state" text COLLATE "C" NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text COLLATE "C" NOT NULL,
	"payment_token" text COLLATE "C",
	"gateway_reference" text,
	"decline_code" text,
	"fence" integer NOT NULL,
	"attempts" integer NOT NULL,
	"lease_until" timestamp with time zone,
	"first_attempt_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "charges_order_id_kind_pk" PRIMARY KEY("order_id","kind"),
	CONSTRAINT "charges_kind" CHECK (kind in ('charge', 'refund')),
	CONSTRAINT "charges_state" CHECK (state in ('pending', 'in_flight', 'succeeded', 'declined', 'unknown', 'void')),
	CONSTRAINT "charges_amount" CHECK (amount >= 0)
);
--> statement-breakpoint
CREATE TABLE "millrace_payment"."failures" (
	"consumer" text COLLATE "C" NOT NULL,
	"message_id" text COLLATE "C" NOT NULL,
	"attempts" integer NOT NULL,
	"error" text NOT NULL,
	"first_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "failures_consumer_message_id_pk" PRIMARY KEY("consumer","message_id")
);
--> statement-breakpoint
CREATE TABLE "millrace_payment"."outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "millrace_payment"."outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"payload" "bytea" NOT NULL,
	"positions" integer[],
	"lease_until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);

--> statement-breakpoint
ALTER TABLE "millrace_payment"."outbox" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
--> statement-breakpoint
ALTER TABLE "millrace_payment"."charges" SET (fillfactor = 45);