-- What the rules bound is bounded here, too (SPEC §9).
ALTER TABLE drafts
  ADD CONSTRAINT drafts_people_check CHECK (octet_length(owner) BETWEEN 1 AND 128 AND octet_length(holder) BETWEEN 1 AND 128),
  ADD CONSTRAINT drafts_platform_check CHECK (char_length(platform) <= 64);
ALTER TABLE ops ADD CONSTRAINT ops_actor_check CHECK (octet_length(actor) BETWEEN 1 AND 128);
ALTER TABLE segments
  ADD CONSTRAINT segments_author_check CHECK (octet_length(author) BETWEEN 1 AND 128),
  ADD CONSTRAINT segments_salt_check CHECK (octet_length(salt) = 16);
ALTER TABLE ring_passes
  ADD CONSTRAINT ring_passes_people_check CHECK (octet_length(from_user) BETWEEN 1 AND 128 AND octet_length(to_user) BETWEEN 1 AND 128);
ALTER TABLE invites
  ADD CONSTRAINT invites_people_check CHECK (octet_length(created_by) BETWEEN 1 AND 128
    AND octet_length(for_user) BETWEEN 1 AND 128 AND octet_length(accepted_by) BETWEEN 1 AND 128);
ALTER TABLE events ADD CONSTRAINT events_user_check CHECK (octet_length(user_id) BETWEEN 1 AND 128);
