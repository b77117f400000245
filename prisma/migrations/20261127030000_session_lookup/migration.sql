-- AlterTable
ALTER TABLE "sessions" ADD COLUMN "checked_until" TIMESTAMPTZ(3);
