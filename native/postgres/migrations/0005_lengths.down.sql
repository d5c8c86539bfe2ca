ALTER TABLE events DROP CONSTRAINT events_user_check;
ALTER TABLE invites DROP CONSTRAINT invites_people_check;
ALTER TABLE ring_passes DROP CONSTRAINT ring_passes_people_check;
ALTER TABLE segments DROP CONSTRAINT segments_salt_check, DROP CONSTRAINT segments_author_check;
ALTER TABLE ops DROP CONSTRAINT ops_actor_check;
ALTER TABLE drafts DROP CONSTRAINT drafts_platform_check, DROP CONSTRAINT drafts_people_check;
