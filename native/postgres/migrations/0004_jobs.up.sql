-- Periodic work that servers share (SPEC §15): due at once, and again some time after it was done.
INSERT INTO jobs (job_id, kind, status, run_at) VALUES
  ('00000000-0000-4000-8000-000000000001', 'expireKeys', 'pending', 'epoch'),
  ('00000000-0000-4000-8000-000000000002', 'forgetRejections', 'pending', 'epoch');
