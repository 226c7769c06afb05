// `livedrops push`: lists, rotates and removes the keys of pushes.

import type { OperatorPushKey } from '../sdk/api.ts';
import { connectOperator } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export async function pushKeys(options: ListOptions): Promise<void> {
  await showList(options, (api) => api.pushKeys(), pushKeysText);
}

/** Errors: an Error where there is no key to rotate. */
export async function rotatePushKeys(options: ListOptions): Promise<void> {
  const api = await connectOperator(options);
  const [present] = await api.pushKeys();
  if (present === undefined) throw new Error('there is no key yet: a node makes it at its start');
  const keys = await api.rotatePushKeys(present.keyId);
  const json = options.json === true;
  process.stdout.write(json ? `${JSON.stringify(keys, null, 2)}\n` : pushKeysText(keys));
}

export async function removePushKey(keyId: string, options: ListOptions): Promise<void> {
  await (await connectOperator(options)).removePushKey(keyId);
  const json = options.json === true;
  process.stdout.write(
    json ? `${JSON.stringify({ keyId, removed: true }, null, 2)}\n` : `${keyId} is removed\n`,
  );
}

export function pushKeysText(keys: readonly OperatorPushKey[]): string {
  if (keys.length === 0) return 'No keys yet: a node makes one at its start.\n';
  const lines = table(
    ['made', 'id', 'for', 'public key'],
    keys.map(({ createdAt, keyId, isPresent, publicKey }) => [
      createdAt,
      keyId,
      isPresent ? 'new subscriptions' : 'older ones',
      publicKey,
    ]),
    [],
  );
  return `${lines}${count(keys.length, 'key')}\n`;
}
