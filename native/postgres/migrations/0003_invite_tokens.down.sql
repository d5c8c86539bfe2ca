ALTER TABLE invites ADD UNIQUE (draft_id, token_sha256);
