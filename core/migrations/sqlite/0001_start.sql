-- Instants are milliseconds after 1970-01-01T00:00:00Z. Lists are JSON arrays, null where empty.

-- One row, whose lock puts all writes in one order: the order of revisions is the order of commits.
CREATE TABLE head (
  one            BIGINT PRIMARY KEY CHECK (one = 1),
  store_id       TEXT NOT NULL,
  epoch          TEXT NOT NULL,
  revision       BIGINT NOT NULL,
  roles_revision BIGINT NOT NULL,
  audit          BIGINT NOT NULL,
  -- Deletions up to this revision are forgotten: who knows less than this starts over.
  kept_from      BIGINT NOT NULL
);

CREATE TABLE tokens (
  id              TEXT NOT NULL PRIMARY KEY,
  name            TEXT NOT NULL UNIQUE,
  api             TEXT NOT NULL,
  roles           TEXT,
  scopes          TEXT,
  target_dn       TEXT,
  networks        TEXT,
  -- What is only shown: the description and the metadata, as JSON.
  details         TEXT,
  created_on      BIGINT NOT NULL,
  created_by      TEXT,
  not_before      BIGINT,
  expires_on      BIGINT,
  rotated_on      BIGINT,
  grace_until     BIGINT,
  revoked_on      BIGINT,
  digest          BLOB NOT NULL,
  previous_digest BLOB,
  -- While a rotated secret is being delivered: what to go back to if that fails, as JSON.
  undelivered     TEXT,
  revision        BIGINT NOT NULL
);
CREATE INDEX tokens_by_revision ON tokens (revision);

-- Tokens that were deleted, for those who follow.
CREATE TABLE deletions (
  revision   BIGINT NOT NULL PRIMARY KEY,
  id         TEXT NOT NULL,
  deleted_on BIGINT NOT NULL
);

CREATE TABLE roles (
  name TEXT NOT NULL PRIMARY KEY,
  role TEXT NOT NULL
);

CREATE TABLE users (
  name        TEXT NOT NULL PRIMARY KEY,
  profile     TEXT NOT NULL,
  password    TEXT,
  created_on  BIGINT NOT NULL,
  password_on BIGINT
);

CREATE TABLE sessions (
  id         TEXT NOT NULL PRIMARY KEY,
  user_name  TEXT NOT NULL,
  created_on BIGINT NOT NULL,
  expires_on BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_name);
CREATE INDEX sessions_by_expiry ON sessions (expires_on);

-- Answers to requests that may be sent twice, sealed by a key that only the sender has.
CREATE TABLE answers (
  key_hash   BLOB NOT NULL PRIMARY KEY,
  sealed     BLOB NOT NULL,
  expires_on BIGINT NOT NULL
);
CREATE INDEX answers_by_expiry ON answers (expires_on);

CREATE TABLE audit (
  number     BIGINT NOT NULL PRIMARY KEY,
  happened   BIGINT NOT NULL,
  action     TEXT NOT NULL,
  actor      TEXT NOT NULL,
  subject    TEXT,
  outcome    TEXT NOT NULL,
  code       TEXT,
  peer       TEXT,
  request_id TEXT,
  details    TEXT
);
