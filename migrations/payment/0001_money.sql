CREATE TABLE "millrace_payment"."gateway_events" (
	"event_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"type" text COLLATE "C" NOT NULL,
	"charge_id" uuid,
	"settled" boolean NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "millrace_payment"."charges"
	ADD COLUMN "request_id" text COLLATE "C" DEFAULT '' NOT NULL,
	ADD COLUMN "refunded" bigint DEFAULT 0 NOT NULL,
	ADD COLUMN "order_amount" bigint,
	ADD COLUMN "charge_reference" text,
	ADD COLUMN "cancelled" boolean DEFAULT false NOT NULL,
	ADD COLUMN "last_error" text,
	ADD COLUMN "traceparent" text COLLATE "C",
	ADD COLUMN "attention_at" timestamp with time zone;
--> statement-breakpoint
UPDATE "millrace_payment"."charges" SET "order_amount" = "amount",
	"attention_at" = CASE WHEN "state" IN ('pending', 'in_flight', 'unknown') THEN now() END;
--> statement-breakpoint
UPDATE "millrace_payment"."charges" AS "refund" SET "charge_reference" = "charge"."gateway_reference"
	FROM "millrace_payment"."charges" AS "charge"
	WHERE "refund"."kind" = 'refund' AND "charge"."kind" = 'charge' AND "charge"."order_id" = "refund"."order_id";
--> statement-breakpoint
UPDATE "millrace_payment"."charges" AS "charge" SET "cancelled" = true, "refunded" = "refund"."amount"
	FROM "millrace_payment"."charges" AS "refund"
	WHERE "refund"."kind" = 'refund' AND "charge"."kind" = 'charge' AND "charge"."order_id" = "refund"."order_id";
--> statement-breakpoint
ALTER TABLE "millrace_payment"."charges"
	ALTER COLUMN "order_amount" SET NOT NULL,
	ALTER COLUMN "decline_code" SET DATA TYPE text COLLATE "C",
	DROP CONSTRAINT "charges_order_id_kind_pk",
	ADD CONSTRAINT "charges_order_id_kind_request_id_pk" PRIMARY KEY("order_id","kind","request_id"),
	DROP CONSTRAINT "charges_state",
	ADD CONSTRAINT "charges_state" CHECK (state in ('pending', 'in_flight', 'succeeded', 'declined', 'unknown', 'manual', 'void')),
	ADD CONSTRAINT "charges_refunded" CHECK (refunded between 0 and amount),
	ADD CONSTRAINT "charges_request" CHECK (kind = 'refund' or request_id = '');
--> statement-breakpoint
CREATE INDEX "charges_attention" ON "millrace_payment"."charges" USING btree ("attention_at") WHERE attention_at is not null;
--> statement-breakpoint
CREATE FUNCTION "millrace_payment"."refuse_change_of_end"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'charge % is % for good', OLD.charge_id, OLD.state USING ERRCODE = 'check_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER "charges_end_is_final" BEFORE UPDATE ON "millrace_payment"."charges" FOR EACH ROW
	WHEN (OLD.state IN ('succeeded', 'declined', 'void') AND (NEW.state <> OLD.state OR NEW.amount <> OLD.amount))
	EXECUTE FUNCTION "millrace_payment"."refuse_change_of_end"();
