// What the audit log has of a change, and what of one that was refused, failed or was interrupted
// (X5).

import { readFileSync } from 'node:fs';
import test from 'ava';
import { systemClock } from '../../../actors/clock.ts';
import { AUDITED_ACTIONS } from '../../../app/audit/audited-actions.ts';
import { AuditedChanges } from '../../../app/audit/audited-changes.ts';
import { AuditUpkeep } from '../../../app/audit/audit-upkeep.ts';
import { changesOf, plainFacts } from '../../../app/audit/facts.ts';
import { Subjects } from '../../../app/audit/subjects.ts';
import { linkHash, LinkTokens } from '../../../app/mail/link-tokens.ts';
import { SigningSecrets } from '../../../app/signing-secrets.ts';
import type { Origin } from '../../../contracts/audit.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import type { AccountLink, LinkPurpose } from '../../../storage/ports/account-links.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { NOW } from '../../services/harness.ts';

const FIRST = { limit: 100, cursor: null };
const ORIGIN: Origin = {
  kind: 'api-key',
  userId: 'u_1',
  keyId: 'k_1',
  address: '203.0.113.7',
  requestId: 'r-1',
};
const CALLER = { userId: 'u_1', roles: [] };
const PRODUCT = {
  id: 'p_1',
  creatorId: 'u_1',
  name: 'Lamp',
  description: 'It shines.',
  imageUrls: [],
  createdAt: NOW,
  revision: 1,
};

async function setUp() {
  const stores = memoryStores();
  await stores.catalogue.addProduct(PRODUCT);
  const untold: unknown[] = [];
  const router = { send: async () => refusal('not-found') } as never;
  const changes = new AuditedChanges({
    ...stores,
    subjects: new Subjects({ ...stores, router, now: () => NOW }),
    onUntold: (fault) => untold.push(fault),
    now: () => NOW,
  });
  const rename = (work: () => Promise<ReturnType<typeof success> | ReturnType<typeof refusal>>) =>
    changes.run(
      'products.change',
      { caller: CALLER, productId: 'p_1', change: { name: 'Desk lamp' } },
      ORIGIN,
      work,
    );
  const entries = async () => (await stores.auditLog.list({}, FIRST)).items;
  const begun = async () => await stores.auditLog.listBegun(Infinity, 10);
  return { stores, changes, rename, entries, begun, untold };
}

const renamed = success({ ...PRODUCT, name: 'Desk lamp', revision: 2 });

test('X5: a change is recorded with who, from where, and what was there before', async (t) => {
  const { rename, entries, begun } = await setUp();
  t.deepEqual(await rename(async () => renamed), renamed);
  t.deepEqual(await entries(), [
    {
      sequence: 1,
      at: NOW,
      actor: { kind: 'api-key', id: 'u_1', keyId: 'k_1' },
      action: 'products.change',
      target: { type: 'product', id: 'p_1' },
      creatorId: 'u_1',
      params: { name: 'Desk lamp' },
      changes: [{ field: 'name', before: 'Lamp', after: 'Desk lamp' }],
      outcome: 'done',
      result: 'Done.',
      address: '203.0.113.7',
      requestId: 'r-1',
    },
  ]);
  t.deepEqual(await begun(), []);
});

test('X5: what is new has no state before, and what is gone none afterwards', async (t) => {
  const { changes, entries } = await setUp();
  const params = { caller: CALLER, creatorId: 'u_1', product: { name: 'Lamp' } };
  await changes.run('products.add', params, null, async () => success({ ...PRODUCT, id: 'p_2' }));
  const [added] = await entries();
  t.like(added, {
    actor: { kind: 'user', id: 'u_1', keyId: null },
    target: { type: 'product', id: 'p_2' },
    address: null,
  });
  t.deepEqual(added?.changes[0], { field: 'name', before: null, after: 'Lamp' });
  t.deepEqual(changesOf(plainFacts({ role: 'owner' }), null), [
    { field: 'role', before: 'owner', after: null },
  ]);
});

test('X5: the record is begun before the change is made', async (t) => {
  const { rename, begun } = await setUp();
  let during: Awaited<ReturnType<typeof begun>> = [];
  await rename(async () => {
    during = await begun();
    return renamed;
  });
  t.is(during.length, 1);
  t.like(during[0]?.entry, { action: 'products.change', creatorId: 'u_1', outcome: 'unknown' });
});

test('X5: without a place for its record no change is made', async (t) => {
  const { stores, rename } = await setUp();
  const fault = Object.assign(new Error('the store is away'), { code: 'store-unavailable' });
  stores.auditLog.begin = () => Promise.reject(fault);
  let isMade = false;
  const changed = rename(async () => {
    isMade = true;
    return renamed;
  });
  await t.throwsAsync(changed, { code: 'store-unavailable' });
  t.false(isMade);
});

test('X5: what changed nothing is not recorded: refusals, and answers given again', async (t) => {
  const { rename, entries, begun } = await setUp();
  await rename(async () => refusal('forbidden'));
  await rename(async () => ({ ...renamed, replayed: true }) as never);
  t.deepEqual([await entries(), await begun()], [[], []]);
});

test('X5: a fault leaves a record that says that the end is not known', async (t) => {
  const { rename, entries, begun } = await setUp();
  await t.throwsAsync(
    rename(() => Promise.reject(new Error('a defect'))),
    { message: 'a defect' },
  );
  await rename(async () => refusal('unavailable'));
  t.deepEqual(
    (await entries()).map(({ outcome, params }) => [outcome, params]),
    Array.from({ length: 2 }, () => ['unknown', { name: 'Desk lamp' }]),
  );
  t.deepEqual(await begun(), []);
});

test('X5: a record that a crash left begun is told as unknown, and old ones go', async (t) => {
  const { stores, rename, entries, begun, untold } = await setUp();
  const { auditLog } = stores;
  const finish = auditLog.finish.bind(auditLog);
  auditLog.finish = () => Promise.reject(new Error('the node ends here'));
  t.deepEqual(await rename(async () => renamed), renamed, 'the answer stays');
  t.is(untold.length, 1);
  auditLog.finish = finish;
  let now = NOW;
  const clock = { ...systemClock, now: () => now };
  const onFault = (fault: unknown) => t.fail(String(fault));
  const upkeep = new AuditUpkeep({ auditLog, retentionDays: 30, clock, onFault });
  await upkeep.run();
  t.is((await begun()).length, 1, 'it may still be under way');
  now += 10 * 60_000;
  await upkeep.run();
  t.like(await entries(), [{ outcome: 'unknown', at: NOW, creatorId: 'u_1' }]);
  t.deepEqual(await begun(), []);
  now += 31 * 24 * 60 * 60_000;
  await auditLog.append({ ...(await entries())[0]!, at: now });
  await upkeep.run();
  t.deepEqual(
    (await entries()).map(({ at }) => at),
    [now],
  );
});

const EMAIL = 'ada@example.com';
const BY_NOBODY: Origin = { ...ORIGIN, kind: 'user', userId: '', keyId: null };

async function setUpLinks() {
  const { stores, changes, entries, begun } = await setUp();
  const account = { id: 'u_1', email: EMAIL, name: 'Ada', passwordHash: 'x', roles: [] };
  await stores.accounts.addUser({ ...account, createdAt: NOW });
  const tokens = new LinkTokens({ secrets: SigningSecrets.one('s'.repeat(32)), now: () => NOW });
  let number = 0;
  const addLink = async (purpose: LinkPurpose, changed: Partial<AccountLink> = {}) => {
    number += 1;
    const id = `l_${number}`;
    const token = tokens.tokenOf('u_1', id);
    const link = { id, userId: 'u_1', purpose, hash: linkHash(token), email: EMAIL };
    await stores.accountLinks.add(
      { ...link, credentials: 0, expiresAt: NOW + 1, ...changed },
      NOW - 1,
    );
    return token;
  };
  const reset = (token: string, work = async () => success(null)) =>
    changes.run('accounts.resetPassword', { token, newPassword: 'secret' }, BY_NOBODY, work);
  return { stores, changes, entries, begun, addLink, reset };
}

test('X5, A7: what is changed by a mailed link is recorded as its holder’s', async (t) => {
  const { changes, entries, begun, addLink, reset } = await setUpLinks();
  const token = await addLink('reset');
  let during: Awaited<ReturnType<typeof begun>> = [];
  await reset(token, async () => {
    during = await begun();
    return success(null);
  });
  t.like(during, [{ entry: { outcome: 'unknown', actor: { id: 'u_1' } } }]);
  const moved = await addLink('change', { email: 'new@example.com' });
  await changes.run('accounts.confirmEmail', { token: moved }, BY_NOBODY, async () =>
    success(null),
  );
  const recorded = await entries();
  const by = {
    actor: { kind: 'user', id: 'u_1', keyId: null },
    target: { type: 'account', id: 'u_1' },
    creatorId: 'u_1',
    changes: [],
    outcome: 'done',
    address: '203.0.113.7',
    requestId: 'r-1',
  } as const;
  t.like(recorded, [
    { ...by, action: 'accounts.confirmEmail', params: { purpose: 'change' } },
    { ...by, action: 'accounts.resetPassword', params: { purpose: 'reset' } },
  ]);
  for (const secret of [token, moved, 'secret', 'example.com'])
    t.false(JSON.stringify(recorded).includes(secret));
});

test('X5, A7: a link that is dead, another’s or for something else begins nothing', async (t) => {
  const { entries, begun, addLink, reset } = await setUpLinks();
  const dead = [
    'nonsense',
    await addLink('confirm'),
    await addLink('reset', { expiresAt: NOW }),
    await addLink('reset', { credentials: 1 }),
    await addLink('reset', { email: 'old@example.com' }),
    await addLink('reset', { hash: linkHash('another') }),
  ];
  for (const token of dead) {
    const during = await reset(token, async () => success(null));
    t.true(during.ok, 'the use case decides');
  }
  t.deepEqual([await entries(), await begun()], [[], []]);
});

test('X5: long texts are digests, and times are dates', (t) => {
  const facts = plainFacts({
    name: 'Lamp',
    description: 'x'.repeat(1_000),
    startsAt: 0,
    imageUrls: ['https://example.com/a.png'],
    externalId: undefined,
    paused: true,
  });
  t.regex(String(facts['description']), /^sha256:[0-9a-f]{64} of 1000 characters$/);
  t.deepEqual(
    { ...facts, description: '' },
    {
      name: 'Lamp',
      description: '',
      startsAt: '1970-01-01T00:00:00.000Z',
      imageUrls: '["https://example.com/a.png"]',
      paused: true,
    },
  );
});

/** By the reason why the audit log has nothing of them. */
const NOT_RECORDED: Readonly<Record<string, RegExp>> = {
  'changes nothing': new RegExp(
    `\\.(${[
      'get|list|find|me|profiles?|sessions|read|resolve|deliveries|memberships|members|sent',
      'received|view|anyPublic|of\\w+|\\w*[oO]nline|isFollowing|follow(ers|ing)|revision',
      'creatorsOf|payments|contacts?|products(ById)?|product|drops|key|subscriptions|suggest',
      'open|close|status|report|takeDowns|listAfter|prove',
    ].join('|')})$`,
  ),
  'recorded before it is made, by app/operator/': /^(operator|sellers)\./,
  'the session of one user begins or ends':
    /^(accounts\.(register|login|refresh|logout)|shops\.exchangeToken)$/,
  'a mail is asked for; that somebody declines an invitation is personal':
    /^(accounts\.(forgotPassword|sendConfirmation)|invitations\.decline)$/,
  'a buyer’s own': /^(follows|notifications|preferences|push|details)\.|^orders\.cancel$/,
  'the media process: what becomes of an upload':
    /^media\.(upload|received|settle|expire|sweep|lock|unlock)$/,
  'personal data of a shop’s own users': /^shops\.(putContact|eraseContact)$/,
  'nothing but a trial call': /^webhooks\.test$/,
  'the payment provider’s calls; journals have them': /^payments\./,
  'one node asks another': /^(presence|caches|search|catalogue)\./,
};

test('X5: every action is recorded, or listed with the reason why not', (t) => {
  const source = readFileSync(new URL('../../../contracts/actions.ts', import.meta.url), 'utf8');
  const names = [...source.matchAll(/^ {2}'(\w+\.\w+)': \[/gm)].map(([, name]) => name!);
  t.true(names.length > 150);
  const recorded = new Set(Object.keys(AUDITED_ACTIONS));
  const isListed = (name: string) =>
    Object.values(NOT_RECORDED).some((pattern) => pattern.test(name));
  t.deepEqual(
    names.filter((name) => !recorded.has(name) && !isListed(name)),
    [],
  );
  t.deepEqual(
    [...recorded].filter((name) => !names.includes(name)),
    [],
  );
});
