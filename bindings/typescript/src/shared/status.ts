/** What is told before anything is known. */
import type { Limits, Status, StorageStatus } from '../types.js';

/** What SPEC §13 says until the server does. */
export const defaultLimits: Limits = {
  titleCharacters: 200,
  segmentBytes: 16_384,
  collaborators: 1_000,
  segmentsPerDraft: 1_000_000,
};

export const noStorage: StorageStatus = { kind: null, fallback: null, persisted: false, usage: null, quota: null };

export const initialStatus: Status = {
  state: 'opening',
  link: 'offline',
  online: true,
  retryAt: null,
  pending: 0,
  rejected: 0,
  storage: noStorage,
  user: null,
  device: null,
  limits: defaultLimits,
  lastError: null,
};
