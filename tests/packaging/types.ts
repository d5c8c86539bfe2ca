// What an app's own type checker must accept, however it finds modules.
import { createClient, errorCodes, type Client, type Draft, type Result } from '@onering/sdk';
import { useDraft, useDrafts, useStatus, type DraftInUse } from '@onering/sdk/react';

export function open(): Client {
  return createClient({ url: '/sync', auth: async ({ reason }) => `${reason}` });
}

// In Node.
export function bot(): Client {
  return createClient({ url: 'wss://example.test/sync', auth: () => 'bot', storage: { path: 'bot.db' }, webSocket: WebSocket });
}

export async function past(draft: Draft): Promise<string | undefined> {
  const log = await draft.log({ from: 1, to: 100 });
  const then = await draft.at(1);
  return log.ok && then.ok ? (then.value.state?.title ?? log.value.entries[0]?.actor) : undefined;
}

export async function write(draft: Draft): Promise<Result<number>> {
  const { local, server } = draft.append('text');
  const stored = await local;
  if (!stored.ok) return stored;
  const receipt = await server;
  return receipt.ok ? { ok: true, value: receipt.value.seq } : receipt;
}

export function Page({ client, id }: { client: Client; id: string }): string {
  const { draft, segments }: DraftInUse = useDraft(client, id);
  return `${useStatus(client).link} ${useDrafts(client)?.length} ${draft?.title} ${segments.length} ${errorCodes.length}`;
}
