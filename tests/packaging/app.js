// What every app in here does: make a draft, append, and wait until the server has it, where there is one.
import { createClient } from '@onering/sdk';

export async function writeOne({ serverless = false, ...options } = {}) {
  const client = createClient({ url: '/sync', user: 'ada', auth: () => 'ada', startOffline: serverless, ...options });
  const { draft } = client.create({ title: 'Packed' });
  const { local, server } = client.draft(draft).append('Out of a tarball.');
  const outcomes = serverless ? [await local] : [await local, await server];
  const { storage } = client.status.current;
  await client.close();
  return { outcomes: outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error)), storage: storage.kind };
}
