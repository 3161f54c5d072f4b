-- The API of a token that is gone: who may verify others is not told of it. Null for those from before this column.
ALTER TABLE deletions ADD COLUMN api TEXT;

-- When a token was last used, from which address, and who said so. It is told late and takes no revision.
ALTER TABLE tokens ADD COLUMN last_used_on BIGINT;
ALTER TABLE tokens ADD COLUMN last_used_from TEXT;
ALTER TABLE tokens ADD COLUMN last_used_via TEXT;

-- Who follows an authority of this store, and how far each has come; no backup has it.
CREATE TABLE replicas (
  actor         TEXT NOT NULL,
  id            TEXT NOT NULL,
  peer          TEXT,
  revision      BIGINT NOT NULL,
  confirmed_on  BIGINT NOT NULL,
  seen_on       BIGINT NOT NULL,
  max_staleness BIGINT NOT NULL,
  PRIMARY KEY (actor, id)
);
