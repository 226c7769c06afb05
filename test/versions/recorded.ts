// What earlier commits wrote (`record.ts`), put where today's tree can open it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { STORED_NAMES } from '../../storage/formats/amount-names.ts';
import type { RecordedSale } from './recorded-sale.ts';

export interface Recording {
  /** It names the folder as well. */
  readonly commit: string;
  /** Whether its API has the names of amounts that are only stored today. */
  readonly hasStoredNames: boolean;
  /**
   * Whether it has what came with level 3: metadata, drafts, pauses, refunds in parts, disputes.
   */
  readonly hasLevel3: boolean;
  /** What answers show today beside what that commit showed. */
  readonly addedSince: RegExp;
}

export const RECORDINGS: readonly Recording[] = [
  {
    commit: '9994b20',
    hasStoredNames: true,
    hasLevel3: false,
    // D4a: a page of drops ends with its age. H12: products and drops show their revision. A7: the
    // own profile shows whether the address is confirmed.
    addedSince: /,"asOf":"[^"]*"(?=\}$)|,"revision":[0-9]+|,"emailConfirmed":false/g,
  },
  {
    commit: '96722f5',
    hasStoredNames: false,
    hasLevel3: true,
    addedSince: /,"asOf":"[^"]*"(?=\}$)/g,
  },
];

/** Its answers are as that commit gave them, but for the names of amounts, which are today's. */
export function recordedSale({ commit }: Recording, store: 'sqlite' | 'redis'): RecordedSale {
  const text = readFileSync(fileOf(commit, `${store}-sale.json`), 'utf8');
  const sale = JSON.parse(text) as RecordedSale;
  return {
    ...sale,
    answers: sale.answers.map((answer) => ({ ...answer, text: named(answer.text) })),
  };
}

function named(answer: string): string {
  return Object.entries(STORED_NAMES).reduce(
    (text, [ours, theirs]) => text.replaceAll(`"${theirs}":`, `"${ours}":`),
    answer,
  );
}

/** Those of 9994b20 by node id, as the hash has them. */
export function recordedSessions(): Readonly<Record<string, string>> {
  const text = readFileSync(fileOf('9994b20', 'sessions.json'), 'utf8');
  return JSON.parse(text) as Record<string, string>;
}

/** A copy of the recorded data directory, for the caller to remove. */
export function recordedDirectory({ commit }: Recording): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-recorded-'));
  const archive = fileOf(commit, 'sqlite.tar.gz');
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', directory]);
  if (status !== 0) throw new Error(`tar failed: ${stderr.toString()}`);
  return directory;
}

/** Puts the recorded keys into an empty Redis. */
export async function restoreRecordedKeys({ commit }: Recording, url: string): Promise<void> {
  const bytes = gunzipSync(readFileSync(fileOf(commit, 'redis.json.gz')));
  const rows = JSON.parse(bytes.toString()) as [key: string, ttlMs: number, dump: string][];
  const redis = new Redis(url);
  try {
    const restored = redis.pipeline();
    for (const [key, ttlMs, dump] of rows) {
      restored.restore(key, ttlMs, Buffer.from(dump, 'base64'));
    }
    for (const [error] of (await restored.exec()) ?? []) if (error !== null) throw error;
  } finally {
    redis.disconnect();
  }
}

function fileOf(commit: string, name: string): string {
  return fileURLToPath(new URL(`recorded/${commit}/${name}`, import.meta.url));
}
