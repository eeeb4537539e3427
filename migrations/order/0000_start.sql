CREATE SCHEMA IF NOT EXISTS "millrace_order";
--> statement-breakpoint
CREATE TABLE "millrace_order"."failures" (
	"consumer" text COLLATE "C" NOT NULL,
	"message_id" text COLLATE "C" NOT NULL,
	"attempts" integer NOT NULL,
	"error" text NOT NULL,
	"first_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_failed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "failures_consumer_message_id_pk" PRIMARY KEY("consumer","message_id")
);
--> statement-breakpoint
CREATE TABLE "millrace_order"."orders" (
	"order_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant_id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"reason" text COLLATE "C",
	"currency" text COLLATE "C" NOT NULL,
	"total_amount" bigint NOT NULL,
	"lines" json NOT NULL,
	"payment_token" text COLLATE "C",
	"idempotency_key" text,
	"body_hash" text COLLATE "C",
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "orders_status" CHECK (status in ('pending', 'confirmed', 'cancelled')),
	CONSTRAINT "orders_total_amount" CHECK (total_amount >= 0)
);
--> statement-breakpoint
CREATE TABLE "millrace_order"."outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "millrace_order"."outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"payload" "bytea" NOT NULL,
	"positions" integer[],
	"lease_until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "orders_idempotency_key" ON "millrace_order"."orders" USING btree ("tenant_id","idempotency_key") WHERE idempotency_key is not null;--> statement-breakpoint
CREATE INDEX "orders_customer" ON "millrace_order"."orders" USING btree ("tenant_id","customer_id","order_id");--> statement-breakpoint
CREATE INDEX "orders_created_at" ON "millrace_order"."orders" USING brin ("created_at");
--> statement-breakpoint
ALTER TABLE "millrace_order"."outbox" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
--> statement-breakpoint
ALTER TABLE "millrace_order"."orders" SET (fillfactor = 45);