-- GitHub compares names without regard to letter case. The function lower() follows the collation of the database: in
-- Turkish, "I" becomes a dotless "i", and the names of one repository differ. Queries name the collation "C", and so must
-- the index that they use. It is built before the old one is dropped, so that queries always have one.
CREATE INDEX "imports_github_path_c_idx" ON "imports"("neptun_user_id", lower("source_path" COLLATE "C"))
    WHERE "source_type" = 'github';

DROP INDEX "imports_github_path_idx";

ALTER INDEX "imports_github_path_c_idx" RENAME TO "imports_github_path_idx";
