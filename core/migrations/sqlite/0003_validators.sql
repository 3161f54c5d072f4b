-- External token validators: whose tokens are taken beside those that are here, as JSON.
CREATE TABLE external_token_validators (
  name      TEXT NOT NULL PRIMARY KEY,
  validator TEXT NOT NULL
);

-- The revision of the last change of them.
ALTER TABLE head ADD COLUMN validators_revision BIGINT NOT NULL DEFAULT 0;
