// API keys: their text, what is shown of them, and what they mean.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { isKeyText, keyHash, newKeyText } from '../../app/api-key-text.ts';
import { ApiKeys } from '../../app/api-keys.ts';
import type { Scope } from '../../contracts/creator-actions.ts';
import { API_KEY_AHEAD_MAX_MS } from '../../contracts/bounds.ts';
import { MemoryApiKeyStore } from '../../storage/memory/api-keys-memory.ts';
import { API_KEYS_PER_OWNER_MAX } from '../../storage/ports/api-keys.ts';
import { NOW } from '../services/harness.ts';

const random = (count: number) => randomBytes(count);
const caller = { userId: 'ann', roles: ['operator'] };
const scopes: readonly Scope[] = ['orders:read'];

function setting(apiKeys = new MemoryApiKeyStore()) {
  const clock = { now: NOW };
  return { apiKeys, clock, keys: new ApiKeys({ apiKeys, now: () => clock.now, random }) };
}

test('A5: a key’s text has a prefix, random characters and a checksum that finds mistakes', (t) => {
  const texts = Array.from({ length: 200 }, () => newKeyText(random));
  t.is(new Set(texts).size, texts.length);
  for (const text of texts) {
    t.regex(text, /^ld_key_[0-9A-Za-z]{38}$/);
    t.true(isKeyText(text));
  }
  const [text = ''] = texts;
  const other = (character: string | undefined) => (character === 'a' ? 'b' : 'a');
  for (let i = 0; i < text.length; i++) {
    const changed = text.slice(0, i) + other(text[i]) + text.slice(i + 1);
    t.false(isKeyText(changed), changed);
  }
  for (const wrong of ['', 'ld_key_', text.slice(1), `${text}a`, text.toUpperCase()])
    t.false(isKeyText(wrong), wrong);
  // The checksum is part of the stored format of others: scanners compute it, too.
  const zeros = newKeyText((count) => new Uint8Array(count));
  t.is(zeros, `ld_key_${'0'.repeat(32)}${zeros.slice(-6)}`);
  t.is(zeros.slice(-6), newKeyText((count) => new Uint8Array(count)).slice(-6));
});

test('A5, X4: keys that read metrics are made by operators and auditors, for themselves', async (t) => {
  const { keys } = setting();
  const apiKey = { name: 'prometheus', scopes: ['metrics:read'] as Scope[] };
  const isMade = async (roles: string[], creatorId?: string) => {
    const memberships = [{ organisationId: 'org', role: 'owner' as const }];
    const asking = { userId: 'ann', roles, memberships };
    const of = creatorId === undefined ? {} : { creatorId };
    return (await keys.create({ caller: asking, apiKey, ...of })).ok;
  };
  t.true(await isMade(['operator']));
  t.true(await isMade(['auditor']));
  t.false(await isMade(['creator']));
  t.false(await isMade([]));
  t.false(await isMade(['operator'], 'org'), 'an organisation is no operator');
});

test('A5: a key is shown once, and only its hash is stored', async (t) => {
  const { keys, apiKeys } = setting();
  const created = await keys.create({ caller, apiKey: { name: ' Desk ', scopes } });
  if (!created.ok) return t.fail();
  const { key, ...shown } = created.value;
  t.true(isKeyText(key));
  t.like(shown, { name: 'Desk', scopes, createdAt: NOW, lastUsedAt: null, endsAt: null });
  t.is(shown.hint, key.slice(-4));
  t.deepEqual(await keys.list({ caller }), { ok: true, value: [shown] });
  const [stored] = await apiKeys.list('ann');
  t.is(stored?.hash, keyHash(key));
  t.false(JSON.stringify(stored).includes(key));
  const resolved = await keys.resolve({ hash: keyHash(key) });
  t.deepEqual(resolved, {
    ok: true,
    value: { keyId: shown.id, ownerId: 'ann', scopes, endsAt: null },
  });
});

test('A5: names, scopes and ends are checked, and their number is bounded', async (t) => {
  const { keys } = setting();
  for (const apiKey of [
    { name: '', scopes },
    { name: 'x'.repeat(81), scopes },
    { name: 'two\nlines', scopes },
    { name: 'x', scopes: [] },
    { name: 'x', scopes: ['orders:read', 'orders:read'] },
    { name: 'x', scopes: ['operator'] },
    { name: 'x', scopes, endsAt: NOW },
    { name: 'x', scopes, endsAt: Number.NaN },
    { name: 'x', scopes, endsAt: NOW + API_KEY_AHEAD_MAX_MS + 1 },
  ]) {
    const refused = await keys.create({ caller, apiKey: apiKey as never });
    t.like(refused, { ok: false, code: 'invalid-request' }, JSON.stringify(apiKey));
  }
  for (let i = 0; i < API_KEYS_PER_OWNER_MAX; i++)
    t.true((await keys.create({ caller, apiKey: { name: `${i}`, scopes } })).ok);
  t.like(await keys.create({ caller, apiKey: { name: 'x', scopes } }), { code: 'too-many' });
});

test('A5: the last use is stored to the hour, with one write in an hour', async (t) => {
  let writes = 0;
  class CountedStore extends MemoryApiKeyStore {
    override async markUsed(id: string, at: number): Promise<void> {
      writes += 1;
      await super.markUsed(id, at);
    }
  }
  const { keys, apiKeys, clock } = setting(new CountedStore());
  const created = await keys.create({ caller, apiKey: { name: 'x', scopes } });
  if (!created.ok) return t.fail();
  const { key, id } = created.value;
  const hour = 60 * 60_000;
  const lastUsed = async () => (await apiKeys.list('ann'))[0]!.lastUsedAt;
  for (let i = 0; i < 100; i++) await keys.resolve({ hash: keyHash(key) });
  t.is(writes, 1);
  t.is(await lastUsed(), NOW - (NOW % hour));
  clock.now = NOW + hour;
  await keys.resolve({ hash: keyHash(key) });
  t.is(await lastUsed(), NOW - (NOW % hour) + hour);
  t.like(await keys.revoke({ caller: { userId: 'bob', roles: [] }, keyId: id }), {
    code: 'not-found',
  });
  t.true((await keys.revoke({ caller, keyId: id })).ok);
  t.like(await keys.resolve({ hash: keyHash(key) }), { code: 'not-found' });
});
