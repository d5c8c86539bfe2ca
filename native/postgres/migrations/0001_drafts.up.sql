-- Drafts, their logs and what is derived from them (SPEC §9).
--
-- draft_id leads every primary and unique key of what belongs to a draft, so that these tables can be spread over
-- nodes by it: nothing here is numbered by a sequence or kept by a trigger. Times come from the authority; user ids
-- compare byte by byte, as the core does (SPEC §6).

CREATE TABLE users (
  user_id text COLLATE "C" PRIMARY KEY CHECK (octet_length(user_id) BETWEEN 1 AND 128),
  display text NOT NULL CHECK (octet_length(display) BETWEEN 1 AND 256),
  created_at timestamptz NOT NULL,
  deleted_at timestamptz
);

CREATE TABLE drafts (
  draft_id uuid PRIMARY KEY,
  seq bigint NOT NULL CHECK (seq >= 1),               -- of the last op in the log
  link bytea NOT NULL CHECK (octet_length(link) = 32),
  epoch bigint NOT NULL CHECK (epoch >= 1),
  segment_count integer NOT NULL CHECK (segment_count >= 0),
  status text NOT NULL CHECK (status IN ('active', 'locked', 'completed')),
  owner text COLLATE "C" NOT NULL,
  holder text COLLATE "C" NOT NULL,
  held_since timestamptz NOT NULL,
  requests jsonb NOT NULL,                            -- who waits for the ring, first come first
  title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
  platform text NOT NULL,
  hold_limit_ms bigint NOT NULL CHECK (hold_limit_ms >= 0),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  content_sha256 bytea CHECK (octet_length(content_sha256) = 32),  -- of the present text, where it has been worked out
  etag text NOT NULL GENERATED ALWAYS AS (seq::text || '-' || left(encode(link, 'hex'), 16)) STORED,
  written_by xid8 NOT NULL                            -- the transaction that wrote this row
);
CREATE INDEX drafts_owner ON drafts (owner, created_at) WHERE deleted_at IS NULL;
CREATE INDEX drafts_status ON drafts (status, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX drafts_content ON drafts (content_sha256) WHERE content_sha256 IS NOT NULL;
CREATE INDEX drafts_etag ON drafts (etag);
CREATE INDEX drafts_written_by ON drafts (written_by);
CREATE INDEX drafts_deleted ON drafts (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE collaborators (
  draft_id uuid NOT NULL,
  user_id text COLLATE "C" NOT NULL CHECK (octet_length(user_id) BETWEEN 1 AND 128),
  role text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
  joined_at timestamptz NOT NULL,
  deleted_at timestamptz,                             -- no longer a member since
  PRIMARY KEY (draft_id, user_id)
);
CREATE INDEX collaborators_joined ON collaborators (draft_id, joined_at) WHERE deleted_at IS NULL;
CREATE INDEX collaborators_user ON collaborators (user_id, draft_id);

-- Ops that were judged: accepted ones, which are the log, and rejected ones, remembered for 90 days (SPEC K5). A
-- rejected op may name a draft that does not exist, so there is no foreign key here; purging a draft deletes its ops.
CREATE TABLE ops (
  draft_id uuid NOT NULL,
  op_id uuid NOT NULL,
  actor text COLLATE "C" NOT NULL,
  judged_at timestamptz NOT NULL,
  seq bigint CHECK (seq >= 1),                        -- NULL: rejected
  body bytea,                                         -- the canonical bytes (SPEC H1)
  link bytea CHECK (octet_length(link) = 32),
  display text,                                       -- how the actor was shown
  position integer,                                   -- of the segment that it added
  digest bytea CHECK (octet_length(digest) = 32),     -- of a rejected op (SPEC K3)
  code text,
  message text,
  PRIMARY KEY (draft_id, op_id),
  UNIQUE (draft_id, seq),
  CHECK (seq IS NOT NULL OR (digest IS NOT NULL AND code IS NOT NULL AND message IS NOT NULL)),
  CHECK (seq IS NULL OR (body IS NOT NULL AND link IS NOT NULL AND display IS NOT NULL))
);
CREATE INDEX ops_rejected ON ops (judged_at) WHERE seq IS NULL;

CREATE TABLE segments (
  draft_id uuid NOT NULL,
  position integer NOT NULL CHECK (position >= 0),
  segment_id uuid NOT NULL,
  seq bigint NOT NULL,
  epoch bigint NOT NULL CHECK (epoch >= 1),
  author text COLLATE "C" NOT NULL,
  author_display text NOT NULL,
  authored_at timestamptz NOT NULL,
  accepted_at timestamptz NOT NULL,
  content text CHECK (octet_length(content) BETWEEN 1 AND 16384),  -- NULL: redacted
  salt bytea,
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),         -- SHA-256(salt || content); stays
  deleted_at timestamptz,                                          -- redacted since
  PRIMARY KEY (draft_id, position),
  UNIQUE (draft_id, segment_id),
  CHECK ((content IS NULL) = (deleted_at IS NOT NULL) AND (content IS NULL) = (salt IS NULL))
);

CREATE TABLE ring_passes (
  draft_id uuid NOT NULL,
  epoch bigint NOT NULL CHECK (epoch >= 1),
  from_user text COLLATE "C",                         -- NULL: the draft was created
  to_user text COLLATE "C" NOT NULL,
  passed_at timestamptz NOT NULL,
  kind text NOT NULL CHECK (kind IN ('created', 'passed', 'reclaimed', 'removed')),
  PRIMARY KEY (draft_id, epoch),
  CHECK (from_user IS DISTINCT FROM to_user),
  CHECK ((from_user IS NULL) = (kind = 'created'))
);
CREATE INDEX ring_passes_order ON ring_passes (draft_id, passed_at, epoch);
CREATE INDEX ring_passes_from ON ring_passes (from_user);
CREATE INDEX ring_passes_to ON ring_passes (to_user);

CREATE TABLE invites (
  draft_id uuid NOT NULL,
  invite_id uuid NOT NULL,
  token_sha256 bytea NOT NULL CHECK (octet_length(token_sha256) = 32),
  role text NOT NULL CHECK (role IN ('editor', 'viewer')),
  created_by text COLLATE "C" NOT NULL,
  for_user text COLLATE "C",
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
  accepted_by text COLLATE "C",
  accepted_at timestamptz,
  deleted_at timestamptz,                             -- revoked since
  PRIMARY KEY (draft_id, invite_id),
  UNIQUE (draft_id, token_sha256),
  CHECK ((accepted_by IS NULL) = (accepted_at IS NULL))
);
CREATE INDEX invites_pending ON invites (draft_id, created_at) WHERE deleted_at IS NULL;

-- Facts for statistics (SPEC §10), kept when the text is not.
CREATE TABLE events (
  draft_id uuid NOT NULL,
  event_id uuid NOT NULL,                             -- the op's id; of a view, made of draft, user and hour
  type text COLLATE "C" NOT NULL CHECK (type IN ('DraftCreated', 'DraftViewed', 'SegmentAdded', 'RingPassed',
    'RingReclaimed', 'DraftCompleted', 'InviteCreated', 'InviteAccepted', 'InviteRevoked')),
  user_id text COLLATE "C" NOT NULL,
  from_user text COLLATE "C",                         -- where the ring went, if it did
  to_user text COLLATE "C",
  epoch bigint CHECK (epoch >= 1),
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (draft_id, event_id)
);
CREATE INDEX events_type ON events (type, occurred_at);
CREATE INDEX events_user ON events (user_id, occurred_at);

-- What is not of one draft.

CREATE TABLE idempotency_keys (
  scope text COLLATE "C" NOT NULL CHECK (octet_length(scope) <= 512),  -- principal and route (SPEC K6)
  key text COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
  request_sha256 bytea NOT NULL CHECK (octet_length(request_sha256) = 32),
  op_id uuid NOT NULL,                                -- under which the request is carried out, however often
  salt bytea CHECK (octet_length(salt) = 16),         -- of the op's text; gone once there is an answer
  status smallint,                                    -- NULL: not answered yet
  body text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (scope, key),
  CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_keys_scope ON idempotency_keys (scope, created_at);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE jobs (
  job_id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('purgeDrafts', 'forgetRejections', 'expireKeys', 'refreshStatistics')),
  status text NOT NULL CHECK (status IN ('pending', 'done', 'failed')),
  run_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  finished_at timestamptz
);
CREATE INDEX jobs_pending ON jobs (run_at) WHERE status = 'pending';

-- Who was erased (SPEC §14): applied again after a restore.
CREATE TABLE erasures (
  user_sha256 bytea PRIMARY KEY CHECK (octet_length(user_sha256) = 32),
  requested_at timestamptz NOT NULL,
  applied_at timestamptz
);
