ALTER TABLE invites DROP CONSTRAINT invites_draft;
ALTER TABLE ring_passes DROP CONSTRAINT ring_passes_draft;
ALTER TABLE segments DROP CONSTRAINT segments_draft;
ALTER TABLE collaborators DROP CONSTRAINT collaborators_draft;
