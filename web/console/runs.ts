// Verifications and rebuilds, as the server streams their progress. A run that nobody follows is
// cancelled, so the page follows it for as long as it is open, whatever view is shown.

import { type Signal, signal } from '@preact/signals';
import type { NewRun, Run } from '../../sdk/api.ts';
import { ConnectionError } from '../../sdk/errors.ts';
import { linesOf } from '../../sdk/lines.ts';
import { client, faultText } from '../shared/server.ts';

export interface Followed {
  readonly run: Run;
  /** Why it cannot be followed any more; null where it can, or has ended. */
  readonly fault: string | null;
}

type Kind = Run['kind'];

const TRIES_MAX = 8;
const PAUSE_MS = 500;
/** The server writes a line at least every five seconds. */
const SILENCE_MAX_MS = 20_000;

/** The last run of each kind that this page has seen; null: none. */
export const followed: Readonly<Record<Kind, Signal<Followed | null>>> = {
  verify: signal(null),
  rebuild: signal(null),
};

export async function start(run: NewRun): Promise<void> {
  void follow(await client.call('POST /v1/operator/runs', { body: run }));
}

/** Shows runs that are under way, whoever started them. */
export async function join(): Promise<void> {
  const { items } = await client.call('GET /v1/operator/runs', { triesMax: 1 });
  for (const run of items) if (followed[run.kind].value?.run.id !== run.id) void follow(run);
}

export async function cancel({ id }: Run): Promise<void> {
  await client.call('DELETE /v1/operator/runs/{id}', { path: { id } });
}

/** Until it has ended. The stream ends before that with the token, and with its server. */
async function follow(first: Run): Promise<void> {
  const state = followed[first.kind];
  state.value = { run: first, fault: null };
  let tries = 0;
  while (state.value.run.end === null) {
    try {
      for await (const line of lines(first.id)) {
        tries = 0;
        state.value = { run: JSON.parse(line) as Run, fault: null };
      }
      if (state.value.run.end !== null) return;
      if (++tries > TRIES_MAX) throw new ConnectionError('connection-lost', null);
    } catch (error) {
      const isLost = error instanceof ConnectionError;
      if (!isLost || ++tries > TRIES_MAX) {
        state.value = { ...state.value, fault: faultText(error) };
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function* lines(id: string): AsyncGenerator<string> {
  const ended = new AbortController();
  const input = { path: { id }, signal: ended.signal };
  const response = await client.open('GET /v1/operator/runs/{id}', input);
  yield* linesOf(response, { maxMs: SILENCE_MAX_MS, end: () => ended.abort() });
}
