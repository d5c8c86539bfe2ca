-- By themselves, because tables have to be distributed before foreign keys point at them.
ALTER TABLE collaborators ADD CONSTRAINT collaborators_draft FOREIGN KEY (draft_id) REFERENCES drafts ON DELETE CASCADE;
ALTER TABLE segments ADD CONSTRAINT segments_draft FOREIGN KEY (draft_id) REFERENCES drafts ON DELETE CASCADE;
ALTER TABLE ring_passes ADD CONSTRAINT ring_passes_draft FOREIGN KEY (draft_id) REFERENCES drafts ON DELETE CASCADE;
ALTER TABLE invites ADD CONSTRAINT invites_draft FOREIGN KEY (draft_id) REFERENCES drafts ON DELETE CASCADE;
