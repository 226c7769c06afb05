// What commit 9994b20 wrote (`record.ts`), put where today's tree can open it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { STORED_NAMES } from '../../storage/formats/amount-names.ts';
import type { RecordedSale } from './recorded-sale.ts';

const FOLDER = new URL('recorded/', import.meta.url);

/** Its answers are as that commit gave them, but for the names of amounts, which are today's. */
export function recordedSale(store: 'sqlite' | 'redis'): RecordedSale {
  const text = readFileSync(new URL(`${store}-sale.json`, FOLDER), 'utf8');
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

/** By node id, as the hash has them. */
export function recordedSessions(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL('sessions.json', FOLDER), 'utf8');
  return JSON.parse(text) as Record<string, string>;
}

/** A copy of the recorded data directory, for the caller to remove. */
export function recordedDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-recorded-'));
  const archive = fileURLToPath(new URL('sqlite.tar.gz', FOLDER));
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', directory]);
  if (status !== 0) throw new Error(`tar failed: ${stderr.toString()}`);
  return directory;
}

/** Puts the recorded keys into an empty Redis. */
export async function restoreRecordedKeys(url: string): Promise<void> {
  const bytes = gunzipSync(readFileSync(new URL('redis.json.gz', FOLDER)));
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
