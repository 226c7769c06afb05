// Organisations and invitations over stores in memory (A10): ends, mails that are refused, and
// processes that die between two writes.

import test from 'ava';
import { linksOf } from '../../app/invitation-links.ts';
import { Invitations } from '../../app/invitations.ts';
import { AccountDeletion } from '../../app/jobs/delete-account.ts';
import { leaveOrganisations } from '../../app/jobs/leave-organisations.ts';
import { AccountMail, MAILS_PER_HOUR_MAX } from '../../app/mail/account-mail.ts';
import { LinkTokens } from '../../app/mail/link-tokens.ts';
import { Organisations } from '../../app/organisations.ts';
import { SigningSecrets } from '../../app/signing-secrets.ts';
import type { MemberRole } from '../../contracts/creator-actions.ts';
import {
  INVITATION_LIFETIME_MS,
  ORGANISATIONS_PER_USER_MAX,
  type OwnOrganisation,
  type SentInvitation,
  ORGANISATIONS_LEVEL,
} from '../../contracts/organisations.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { JobQueue } from '../../events/jobs/job-queue.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import type { Stores } from '../../storage/ports/stores.ts';
import { keyOf } from '../storage/contract/api-keys.ts';

const NOW = 1_800_000_000_000;
const HOUR_MS = 60 * 60 * 1_000;
const ada = { userId: 'u_ada', roles: [] };
const bo = { userId: 'u_bo', roles: [] };
const GUEST = 'bo@example.com';
const request = (id: string): KeyedRequest => ({ id, fingerprint: 'f', callerId: ada.userId });

/** The nth call of a store fails after it was made, as a process that dies then. */
function dying(stores: Stores, nth: number): { stores: Stores; died: () => boolean } {
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
  const { accounts, accountLinks, organisations, jobs } = stores;
  const wrapped = {
    accounts: failing(accounts),
    accountLinks: failing(accountLinks),
    organisations: failing(organisations),
    jobs: failing(jobs),
  };
  return { stores: { ...stores, ...wrapped }, died: () => calls >= nth };
}

/** `profiles`: the ids of those that were added. */
function withProfilesSeen(stores: Stores): { stores: Stores; profiles: readonly string[] } {
  const profiles: string[] = [];
  const { accounts } = stores;
  const addProfile = accounts.addProfile.bind(accounts);
  accounts.addProfile = async (profile) => {
    profiles.push(profile.id);
    await addProfile(profile);
  };
  return { stores, profiles };
}

function useCases(stores: Stores, level = FEATURE_LEVEL) {
  const state = { now: NOW };
  const now = () => state.now;
  let bytes = 0;
  const random = (count: number) => new Uint8Array(count).fill((bytes += 1));
  const queue = new JobQueue({ jobs: stores.jobs, now });
  const secrets = SigningSecrets.one('x'.repeat(32));
  const linkTokens = new LinkTokens({ secrets, now });
  const mail = new AccountMail({ ...stores, linkTokens, queue, now, random });
  const deletion = new AccountDeletion({ ...stores, queue });
  const options = { ...stores, levels: new ReachedLevel(level), mail, deletion, now, random };
  return {
    state,
    linkTokens,
    organisations: new Organisations(options),
    invitations: new Invitations(options),
  };
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.code);
  return outcome.value;
}

/** An organisation of `ada`, and `bo` with an account whose address is confirmed. */
async function start(stores: Stores = memoryStores()) {
  const user = { email: GUEST, name: 'Bo', passwordHash: 'h', roles: [], createdAt: 1 };
  await stores.accounts.addUser({ ...user, id: bo.userId, emailConfirmed: true });
  const cases = useCases(stores);
  const organisation = { name: 'Lamps' };
  const { id } = valueOf(await cases.organisations.create({ caller: ada, organisation }));
  const send = (email = GUEST, keyed?: KeyedRequest, role: MemberRole = 'support') =>
    cases.invitations.send({
      caller: ada,
      organisationId: id,
      invitation: { email, role },
      ...(keyed && { request: keyed }),
    });
  return { ...cases, stores, id, send };
}

test('A10: an invitation ends after 7 days, and its address goes when somebody looks', async (t) => {
  const { state, stores, id, send, invitations } = await start();
  const { id: invitationId } = valueOf(await send());
  t.is(valueOf(await invitations.received({ caller: bo })).length, 1);
  state.now += INVITATION_LIFETIME_MS;
  t.deepEqual(valueOf(await invitations.received({ caller: bo })), []);
  t.like(await invitations.accept({ caller: bo, invitationId }), { code: 'not-found' });
  t.deepEqual(valueOf(await invitations.sent({ caller: ada, organisationId: id })), []);
  t.deepEqual((await stores.organisations.find(id))?.invitations, []);
  t.is(await stores.accountLinks.find(linksOf(id), invitationId), null);
});

test('A10: an invitation whose mail is refused leaves the earlier one and its link', async (t) => {
  const { id, send, invitations, stores } = await start();
  for (let i = 1; i < MAILS_PER_HOUR_MAX; i++) valueOf(await send());
  const good = valueOf(await send());
  const link = await stores.accountLinks.find(linksOf(id), good.id);
  t.like(await send(), { code: 'rate-limited' });
  t.deepEqual(valueOf(await invitations.sent({ caller: ada, organisationId: id })), [good]);
  t.not(link, null);
  t.deepEqual(await stores.accountLinks.find(linksOf(id), good.id), link);
  t.deepEqual(await stores.organisations.invitingTo(GUEST), [id]);
});

test('A10: an invitation whose mail is refused is not there', async (t) => {
  const { id, send, invitations, stores } = await start();
  for (let i = 0; i < MAILS_PER_HOUR_MAX; i++) {
    const { id: invitationId } = valueOf(await send());
    t.true((await invitations.withdraw({ caller: ada, organisationId: id, invitationId })).ok);
  }
  t.like(await send(), { code: 'rate-limited' });
  t.deepEqual(valueOf(await invitations.sent({ caller: ada, organisationId: id })), []);
  t.deepEqual(await stores.organisations.invitingTo(GUEST), []);
});

test('H11, A10: an invitation that finds too many mails waiting is not kept and leaves no link', async (t) => {
  const { id, send, invitations, stores } = await start();
  const links: string[] = [];
  const add = stores.accountLinks.add.bind(stores.accountLinks);
  stores.accountLinks.add = async (link, now) => {
    links.push(link.id);
    await add(link, now);
  };
  let sent = await send('guest0@example.com');
  for (let i = 1; sent.ok && i < 20; i++) sent = await send(`guest${i}@example.com`);
  const before = valueOf(await invitations.sent({ caller: ada, organisationId: id }));
  t.is(before.length, 20);
  t.like(await send('guest0@example.com', request('r')), { code: 'overloaded' });
  const after = valueOf(await invitations.sent({ caller: ada, organisationId: id }));
  const ids = before.map((one) => one.id).toSorted();
  t.deepEqual(after.map((one) => one.id).toSorted(), ids);
  t.is(await stores.organisations.findAnswer(request('r')), null);
  const found = await Promise.all(
    [...new Set(links)].map((linkId) => stores.accountLinks.find(linksOf(id), linkId)),
  );
  t.deepEqual(found.flatMap((link) => link?.id ?? []).toSorted(), ids);
});

test('H11: a refused invitation is not kept: its repeat invites once mails are free', async (t) => {
  const { state, id, send, invitations, stores } = await start();
  for (let i = 0; i < MAILS_PER_HOUR_MAX; i++) valueOf(await send());
  t.like(await send(GUEST, request('r')), { code: 'rate-limited' });
  t.like(await send(GUEST, request('r')), { code: 'rate-limited' });
  state.now += HOUR_MS;
  const sent = await send(GUEST, request('r'));
  t.true(sent.ok);
  t.not(sent.ok && sent.replayed, true);
  const { id: invitationId } = valueOf(sent);
  t.deepEqual(
    valueOf(await invitations.sent({ caller: ada, organisationId: id })).map((one) => one.id),
    [invitationId],
  );
  t.not(await stores.accountLinks.find(linksOf(id), invitationId), null);
});

test('H11: a repeat mails nothing for an invitation that is open no more', async (t) => {
  const { state, id, send, invitations, stores } = await start();
  const sent = valueOf(await send(GUEST, request('r')));
  const { id: invitationId } = sent;
  await invitations.withdraw({ caller: ada, organisationId: id, invitationId });
  state.now += HOUR_MS;
  t.deepEqual(valueOf(await send(GUEST, request('r'))), sent);
  t.is(await stores.accountLinks.find(linksOf(id), invitationId), null);
  const { items: jobs } = await stores.jobs.list({}, { limit: 100, cursor: null });
  t.is(jobs.filter(({ kind }) => kind === 'send-mail').length, 1);
});

test('H11: a repeat whose mail is refused leaves the invitation and its link', async (t) => {
  const { state, id, send, invitations, organisations, stores } = await start();
  const sent = valueOf(await send(GUEST, request('r')));
  state.now += HOUR_MS;
  const other = valueOf(
    await organisations.create({ caller: bo, organisation: { name: 'Vases' } }),
  );
  const invitation = { email: GUEST, role: 'support' } as const;
  for (let i = 0; i < MAILS_PER_HOUR_MAX; i++)
    valueOf(await invitations.send({ caller: bo, organisationId: other.id, invitation }));
  t.like(await send(GUEST, request('r')), { code: 'rate-limited' });
  t.deepEqual(valueOf(await invitations.sent({ caller: ada, organisationId: id })), [sent]);
  t.not(await stores.accountLinks.find(linksOf(id), sent.id), null);
});

test('A10: an organisation past the bound is refused and makes no profile', async (t) => {
  const { stores, profiles } = withProfilesSeen(memoryStores());
  const { organisations } = await start(stores);
  const organisation = { name: 'More' };
  for (let i = 1; i < ORGANISATIONS_PER_USER_MAX; i++)
    valueOf(await organisations.create({ caller: ada, organisation }));
  t.is(profiles.length, ORGANISATIONS_PER_USER_MAX);
  t.like(await organisations.create({ caller: ada, organisation }), { code: 'too-many' });
  const keyed = { caller: ada, organisation, request: request('more') };
  t.like(await organisations.create(keyed), { code: 'too-many' });
  t.is(profiles.length, ORGANISATIONS_PER_USER_MAX);
});

test('A10: an organisation that the store refuses leaves no profile', async (t) => {
  const { stores, profiles } = withProfilesSeen(memoryStores());
  // Another one was made between the look and the write.
  stores.organisations.replace = async () => ({ isDone: false, reason: 'organisations' });
  const { organisations } = useCases(stores);
  const organisation = { name: 'More' };
  t.like(await organisations.create({ caller: ada, organisation }), { code: 'too-many' });
  t.is(profiles.length, 1);
  t.is(await stores.accounts.findUser(profiles[0]!), null);
});

test('A10: what an owner sent is not open any more when the owner is demoted', async (t) => {
  const { stores, id, send, organisations, invitations } = await start();
  const { id: joinedBy } = valueOf(await send(GUEST, undefined, 'owner'));
  t.true((await invitations.accept({ caller: bo, invitationId: joinedBy })).ok);
  const sent = valueOf(await send('cy@example.com', undefined, 'owner'));
  const demoted = { caller: bo, organisationId: id, userId: ada.userId, role: 'manager' } as const;
  t.true((await organisations.setRole(demoted)).ok);
  t.deepEqual(valueOf(await invitations.sent({ caller: bo, organisationId: id })), []);
  t.deepEqual(await stores.organisations.invitingTo('cy@example.com'), []);
  t.is(await stores.accountLinks.find(linksOf(id), sent.id), null);
});

test('A10: what a deleted account sent is not open any more, nor are its links', async (t) => {
  const { state, stores, id, send, invitations } = await start();
  const { id: joinedBy } = valueOf(await send());
  t.true((await invitations.accept({ caller: bo, invitationId: joinedBy })).ok);
  const sent = valueOf(await send('cy@example.com'));
  await leaveOrganisations({ ...stores, now: () => state.now }, ada.userId, []);
  t.deepEqual((await stores.organisations.find(id))?.invitations, []);
  t.is(await stores.accountLinks.find(linksOf(id), sent.id), null);
});

test('A10: a key that is used again does not bring back the id of a removed organisation', async (t) => {
  const { stores, organisations } = await start();
  const keyed = { caller: ada, organisation: { name: 'Vases' }, request: request('k'.repeat(22)) };
  const first = valueOf(await organisations.create(keyed));
  t.true((await organisations.remove({ caller: ada, organisationId: first.id })).ok);
  await stores.accounts.removeUser(first.id);
  // The answer has ended.
  await stores.organisations.forgetAnswer(keyed.request, JSON.stringify(first));
  const second = valueOf(await organisations.create(keyed));
  t.not(second.id, first.id);
  t.is((await stores.accounts.findUser(second.id))?.name, 'Vases');
  t.deepEqual(valueOf(await organisations.create(keyed)), second);
});

test('A10: below the level of organisations none is made, and nobody is invited', async (t) => {
  const { organisations, invitations } = useCases(memoryStores(), ORGANISATIONS_LEVEL - 1);
  const organisation = { name: 'Lamps' };
  t.like(await organisations.create({ caller: ada, organisation }), { code: 'unavailable' });
  const invitation = { email: GUEST, role: 'support' } as const;
  const asked = { caller: ada, organisationId: 'u_ada', invitation };
  t.like(await invitations.send(asked), { code: 'unavailable' });
});

test('A10: a token is good for its own invitation and address', async (t) => {
  const { stores, id, send, linkTokens, invitations } = await start();
  const user = { email: 'cy@example.com', name: 'Cy', passwordHash: 'h', roles: [], createdAt: 1 };
  await stores.accounts.addUser({ ...user, id: 'u_cy' });
  const cy = { userId: 'u_cy', roles: [] };
  const own = valueOf(await send('cy@example.com'));
  const other = valueOf(await send('di@example.com'));
  const tokenOf = ({ id: linkId }: SentInvitation) => linkTokens.tokenOf(linksOf(id), linkId);
  const accept = (invitation: SentInvitation, token: string) =>
    invitations.accept({ caller: cy, invitationId: invitation.id, token });
  t.like(await accept(own, tokenOf(other)), { code: 'forbidden' });
  t.like(await accept(other, tokenOf(other)), { code: 'forbidden' });
  t.like(await accept(own, `${tokenOf(own)}x`), { code: 'forbidden' });
  t.true((await accept(own, tokenOf(own))).ok);
  t.is((await stores.accounts.findUser('u_cy'))?.emailConfirmed, true);
});

test('H11, A10: a process that dies between two writes leaves one organisation and one mail', async (t) => {
  let died = true;
  for (let nth = 1; died; nth++) {
    const { stores, id } = await start();
    const first = dying(stores, nth);
    const run = async (on: Stores): Promise<{ made: OwnOrganisation; sent: SentInvitation }> => {
      const { organisations, invitations } = useCases(on);
      const organisation = { name: 'Vases' };
      const made = await organisations.create({ caller: ada, organisation, request: request('m') });
      const sent = await invitations.send({
        caller: ada,
        organisationId: id,
        invitation: { email: GUEST, role: 'support' },
        request: request('s'),
      });
      return { made: valueOf(made), sent: valueOf(sent) };
    };
    try {
      await run(first.stores);
    } catch (error) {
      t.is((error as Error).message, 'the process died');
    }
    died = first.died();
    const { made, sent } = await run(stores);
    const said = `died at call ${nth}`;
    t.deepEqual(await run(stores), { made, sent }, said);
    const memberships = await stores.organisations.membershipsOf(ada.userId);
    t.deepEqual(
      memberships.map(({ organisationId }) => organisationId),
      [id, made.id],
      said,
    );
    t.deepEqual((await stores.organisations.find(id))?.invitations, [sent], said);
    t.not(await stores.accountLinks.find(linksOf(id), sent.id), null, said);
    const { items: jobs } = await stores.jobs.list({}, { limit: 100, cursor: null });
    t.is(jobs.filter(({ kind }) => kind === 'send-mail').length, 1, said);
  }
});

test('A10: the API keys of a removed organisation are dead at once', async (t) => {
  const { stores, id, organisations } = await start();
  const keys = [keyOf(id), keyOf(ada.userId)];
  for (const key of keys) await stores.apiKeys.add(key);
  valueOf(await organisations.remove({ caller: ada, organisationId: id }));
  const found = await Promise.all(keys.map(({ hash }) => stores.apiKeys.findByHash(hash)));
  t.deepEqual(found, [null, keys[1]!]);
});
