-- Whether an invite may have the token of another is for the rules to say: what they allow, a batch must be able to store.
ALTER TABLE invites DROP CONSTRAINT invites_draft_id_token_sha256_key;
