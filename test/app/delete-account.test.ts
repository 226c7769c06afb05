// A deletion that dies at any call of a store, and is gone on with by another process.

import test from 'ava';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { AccessTokens } from '../../app/access-tokens.ts';
import { Follows } from '../../app/follows.ts';
import { DeleteAccountHandler } from '../../app/jobs/delete-account.ts';
import { RefreshTokens } from '../../app/refresh-tokens.ts';
import { Sessions } from '../../app/sessions.ts';
import type { MemberRole } from '../../contracts/creator-actions.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { Restriction } from '../../contracts/restrictions.ts';
import type { StoredInvitation } from '../../contracts/organisations.ts';
import { queuedJob, stepped } from '../../events/jobs/job.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import type { Stores } from '../../storage/ports/stores.ts';
import { keyOf } from '../storage/contract/api-keys.ts';
import { operatorAccount } from '../storage/contract/operator-accounts.ts';

const SECRET = 'x'.repeat(32);
const ADA = 'u_ada';
/** More than one step removes. */
const FOLLOWERS = 60;
const INVITATION: StoredInvitation = {
  id: 'in_1',
  email: 'ada@example.com',
  role: 'support',
  invitedBy: 'u_other',
  createdAt: 1,
  expiresAt: 9_000,
};
const random = (count: number) => new Uint8Array(count);

/** All calls of all stores count; the nth fails after it was made, as a process that dies then. */
function dying(stores: Stores, nth: number): { stores: Stores; calls: () => number } {
  let calls = 0;
  const failing = <T extends object>(store: T): T =>
    new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          const answer: unknown = await Reflect.apply(member, target, args);
          calls += 1;
          if (calls === nth) throw new Error('the process died');
          return answer;
        };
      },
    });
  const { accounts, accountLinks, apiKeys, follows, drafts, contacts, changes } = stores;
  const { sessions, operatorAccounts, organisations, restrictions, media } = stores;
  const some = { accounts, accountLinks, apiKeys, follows, drafts, contacts, changes, media };
  const failed = { ...some, sessions, operatorAccounts, organisations, restrictions };
  const wrapped = Object.entries(failed).map(([name, store]) => [name, failing(store)]);
  return {
    stores: { ...stores, ...(Object.fromEntries(wrapped) as typeof failed) },
    calls: () => calls,
  };
}

function handlerOn(stores: Stores): DeleteAccountHandler {
  const liveBus = new InProcessLiveBus();
  const accessTokens = new AccessTokens({ secret: SECRET });
  const refreshTokens = new RefreshTokens({ secret: SECRET, random });
  const now = () => 1_000;
  const sessionsOf = new Sessions({ ...stores, liveBus, accessTokens, refreshTokens, now, random });
  return new DeleteAccountHandler({
    ...stores,
    sessionsOf,
    followsOf: new Follows({ ...stores, liveBus, now }),
    now,
  });
}

const FIRST = { limit: 5, cursor: null } as const;
const MANY = { ofScopeMax: 100, max: 100 };

function banOf(scope: string, subject: string): Restriction {
  return { kind: 'ban', scope, subject, reason: null, since: 1, until: null, by: 'u_star' };
}

const ROOM = { countMax: 100, bytesMax: 1_000 };

async function filled(): Promise<Stores> {
  const stores = memoryStores();
  const content = { purpose: 'product', filename: 'a.jpg', bytes: 1, status: 'ready' } as const;
  const state = { reason: null, createdAt: 5, expiresAt: null, revision: 1, content: null };
  for (const [ownerId, count] of [
    [ADA, 60],
    ['o_alone', 1],
  ] as const)
    for (let i = 0; i < count; i++) {
      const id = `m_${ownerId}_${i}`;
      await stores.media.add(() => ({ id, ownerId, ...content, ...state }), ROOM);
    }
  const user = { email: 'ada@example.com', name: 'Ada', passwordHash: 'h', roles: [] };
  await stores.accounts.addUser({ ...user, id: ADA, createdAt: 5 });
  const session = { userId: ADA, device: 'Phone', createdAt: 0, usedAt: 0, expiresAt: 9_000 };
  await stores.sessions.put({ ...session, id: 's_1', credentials: 0 }, 0);
  const link = { userId: ADA, purpose: 'reset', hash: 'h', email: user.email } as const;
  await stores.accountLinks.add({ ...link, id: 'l_1', credentials: 0, expiresAt: 9_000 }, 0);
  await stores.follows.follow(ADA, 'u_star', 1);
  for (let i = 0; i < FOLLOWERS; i++) await stores.follows.follow(`u_fan${i}`, ADA, i);
  const contact = { userId: `~${ADA}:bob`, user: 'bob', createdAt: 1, changedAt: 1 };
  await stores.contacts.put(contact);
  await stores.operatorAccounts.put(operatorAccount({ userId: ADA }));
  for (let i = 0; i < FOLLOWERS; i++)
    await stores.restrictions.put(banOf(ADA, `u_fan${i}`), MANY, 0);
  for (const scope of ['', 'u_star']) await stores.restrictions.put(banOf(scope, ADA), MANY, 0);
  await stores.ledger.salts([ADA]);
  await fillOrganisations(stores);
  return stores;
}

/** Ada alone in two, with others in more, others in her own, and invited into one more. */
async function fillOrganisations(stores: Stores): Promise<void> {
  const { organisations, accounts, apiKeys, follows } = stores;
  const add = async (id: string, members: readonly (readonly [string, MemberRole])[]) => {
    const stored = {
      id,
      createdAt: 1,
      members: members.map(([userId, role], i) => ({ userId, role, since: i })),
      revision: 1,
      invitations: id === 'o_asks' ? [INVITATION] : [],
    };
    await accounts.addProfile({ id, name: 'Lamps', createdAt: 1 });
    await organisations.replace({ before: null, after: stored, answer: '', now: 1 });
    if (id === ADA) return;
    await follows.follow('u_buyer', id, 1);
    await apiKeys.add(keyOf(id));
  };
  await add('o_alone', [[ADA, 'owner']]);
  await add('o_left', [[ADA, 'owner']]);
  await add('o_team', [
    [ADA, 'owner'],
    ['u_help', 'support'],
    ['u_plan', 'manager'],
  ]);
  await add('o_joined', [
    [ADA, 'owner'],
    ['u_new', 'support'],
  ]);
  await add(ADA, [
    [ADA, 'owner'],
    ['u_help', 'support'],
  ]);
  await add('o_asks', [['u_other', 'owner']]);
}

/** Runs the job to its end; the cursor is stored after each step, as the engine does. */
async function run(stores: Stores, job: Job, handler = handlerOn(stores)): Promise<Job> {
  let at = job;
  for (let steps = 0; at.state !== 'done'; steps++) {
    if (steps > 100) throw new Error('the job does not end');
    at = stepped(at, await handler.step(at), 0);
  }
  return at;
}

/** Of Ada, and of the organisations that she was alone in. */
function deletion(organisationIds: readonly string[]): Job {
  const params = { userId: ADA, organisationIds };
  const job = { id: 'deletion_u_ada', kind: 'delete-account', params, total: null } as const;
  return queuedJob({ ...job, callerId: ADA, subject: ADA }, 0);
}

test('A8: an API key that is made while the account is deleted ends with it', async (t) => {
  const stores = await filled();
  const handler = handlerOn(stores);
  const at = stepped(deletion([]), await handler.step(deletion([])), 0);
  await stores.apiKeys.add(keyOf(ADA));
  await run(stores, at, handler);
  t.deepEqual(await stores.apiKeys.list(ADA), []);
});

test('A8, A10: an organisation that somebody joined meanwhile stays, and is theirs', async (t) => {
  const stores = await filled();
  await run(stores, deletion(['o_joined', 'o_alone']));
  t.deepEqual(await stores.organisations.membershipsOf('u_new'), [
    { organisationId: 'o_joined', role: 'owner' },
  ]);
  t.not(await stores.accounts.findUser('o_joined'), null);
  t.is((await stores.follows.counts('o_joined')).followers, 1);
  t.is(await stores.accounts.findUser('o_alone'), null);
});

test('A8, A10: who joins before the last member has left inherits', async (t) => {
  const stores = await filled();
  const { organisations } = stores;
  const handler = handlerOn(stores);
  let at = deletion(['o_alone']);
  while (at.cursor?.includes('o_left') !== true) at = stepped(at, await handler.step(at), 0);
  const before = (await organisations.find('o_left'))!;
  const members = [...before.members, { userId: 'u_late', role: 'support', since: 2 } as const];
  const after = { ...before, members, revision: before.revision + 1 };
  t.true((await organisations.replace({ before, after, answer: '', now: 2 })).isDone);
  await run(stores, at, handler);
  t.deepEqual(await organisations.membershipsOf('u_late'), [
    { organisationId: 'o_left', role: 'owner' },
  ]);
  t.not(await stores.accounts.findUser('o_left'), null);
  t.is((await stores.apiKeys.list('o_left')).length, 1);
});

test('A8: a deletion that dies at any call ends with the next process', async (t) => {
  const job = deletion(['o_alone']);
  let died = true;
  let nth = 1;
  for (; died; nth += nth < 20 ? 1 : 13) {
    const stores = await filled();
    const first = dying(stores, nth);
    let at = job;
    died = false;
    const handler = handlerOn(first.stores);
    while (at.state !== 'done') {
      try {
        at = stepped(at, await handler.step(at), 0);
      } catch {
        died = true;
        break;
      }
    }
    if (died) await run(stores, at);
    const said = `died at call ${nth}`;
    t.is(await stores.accounts.findUser(ADA), null, said);
    t.deepEqual(await stores.accounts.findRemovedUser(ADA), { createdAt: 5 }, said);
    t.is(await stores.accounts.findUserByEmail('ada@example.com'), null, said);
    t.deepEqual(await stores.organisations.membershipsOf(ADA), [], said);
    t.is(await stores.organisations.find('o_alone'), null, said);
    t.is(await stores.organisations.find(ADA), null, said);
    t.is(await stores.accounts.findUser('o_alone'), null, said);
    // The others left it after the deletion had begun.
    t.is(await stores.organisations.find('o_left'), null, said);
    t.is(await stores.accounts.findUser('o_left'), null, said);
    t.is((await stores.follows.counts('o_left')).followers, 0, said);
    t.is((await stores.apiKeys.list('o_left')).length, 0, said);
    // Two left at once: who is next in rank inherits.
    t.deepEqual(await stores.organisations.membershipsOf('u_plan'), [
      { organisationId: 'o_team', role: 'owner' },
    ]);
    t.deepEqual(await stores.organisations.invitingTo('ada@example.com'), [], said);
    t.deepEqual(await stores.sessions.list(ADA, 0), [], said);
    for (const id of [ADA, 'o_alone']) t.deepEqual(await stores.media.ofOwner(id, 1), [], said);
    t.is(await stores.accountLinks.find(ADA, 'l_1'), null, said);
    t.deepEqual(await stores.follows.counts(ADA), { followers: 0, following: 0 }, said);
    t.is((await stores.follows.counts('u_fan3')).following, 0, said);
    t.is(await stores.contacts.find(`~${ADA}:bob`), null, said);
    t.is(await stores.operatorAccounts.find(ADA), null, said);
    const ownBans = await stores.restrictions.list({ kind: 'ban', scope: ADA }, FIRST);
    t.deepEqual(ownBans.items, [], said);
    // Whoever is banned does not get rid of that so.
    t.not(await stores.restrictions.find(banOf('', ADA)), null, said);
    for (let bucket = 0; bucket < stores.changes.bucketCount; bucket++) {
      const records = await stores.changes.read(bucket, 0, 1_000);
      t.false(JSON.stringify(records).includes('"Ada"'), said);
    }
  }
  t.true(nth > 100, `${nth}`);
});
