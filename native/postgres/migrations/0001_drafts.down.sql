DROP TABLE erasures, jobs, idempotency_keys, events, invites, ring_passes, segments, ops, collaborators, drafts, users;
