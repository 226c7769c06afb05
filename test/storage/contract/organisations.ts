// What every driver of organisations must do (A10).

import test from 'ava';
import type { EntityChange } from '../../../contracts/changes.ts';
import {
  INVITATIONS_PER_ADDRESS_MAX,
  ORGANISATIONS_PER_USER_MAX,
  type StoredOrganisation,
} from '../../../contracts/organisations.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import {
  organisationOf,
  withAccepted,
  withInvitation,
  withoutInvitation,
  withoutMember,
  withRole,
} from '../../../domain/organisation.ts';
import type { Replaced } from '../../../storage/ports/organisations.ts';
import type { Stores } from '../../../storage/ports/stores.ts';

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const request = (id: string, fingerprint = 'f'): KeyedRequest => ({
  id: `org_request_${id}`,
  fingerprint,
  callerId: 'org_asker',
});

function done(changed: ReturnType<typeof withRole>): StoredOrganisation {
  if ('ok' in changed) throw new Error(changed.code);
  return changed;
}

export function organisationsContract(
  stores: () => Pick<Stores, 'organisations' | 'changes'>,
): void {
  const organisations = () => stores().organisations;
  const replace = async (
    before: StoredOrganisation | null,
    after: StoredOrganisation | null,
    now = NOW,
  ): Promise<Replaced> => await organisations().replace({ before, after, answer: 'done', now });

  /** A stored organisation with one owner. */
  async function stored(id: string, ownerId: string): Promise<StoredOrganisation> {
    const one = { ...organisationOf(id, ownerId, NOW), revision: 1 };
    const replaced = await replace(null, one);
    if (!replaced.isDone) throw new Error(replaced.reason);
    return one;
  }

  const invited = (before: StoredOrganisation, id: string, email: string, now = NOW) =>
    done(
      withInvitation(before, {
        id,
        email,
        role: 'manager',
        invitedBy: 'org_owner',
        createdAt: now,
        expiresAt: now + 7 * DAY_MS,
      }),
    );

  /** The records of an organisation from now on. */
  async function recordsOf(id: string): Promise<() => Promise<EntityChange[]>> {
    const { changes } = stores();
    const buckets = Array.from({ length: changes.bucketCount }, (_, bucket) => bucket);
    const heads = await Promise.all(buckets.map((bucket) => changes.head(bucket)));
    return async () => {
      const found = await Promise.all(heads.map(({ last }, i) => changes.read(i, last, 1000)));
      return found
        .flat()
        .map(({ change }) => change)
        .filter((change) => change.kind === 'organisation' && change.organisationId === id);
    };
  }

  test('A10: an organisation is read as it was stored, and so is what its members are', async (t) => {
    const first = await stored('org_a', 'org_a_owner');
    t.deepEqual(await organisations().find('org_a'), first);
    t.is(await organisations().find('org_a_nothing'), null);
    const asked = invited(first, 'inv_a', 'Ada@example.com');
    t.true((await replace(first, asked)).isDone);
    const joined = done(withAccepted(asked, 'inv_a', 'org_a_ada', NOW + 1));
    t.true((await replace(asked, joined)).isDone);
    t.deepEqual(await organisations().find('org_a'), joined);
    t.deepEqual(await organisations().membershipsOf('org_a_ada'), [
      { organisationId: 'org_a', role: 'manager' },
    ]);
    const demoted = done(withRole(joined, 'org_a_ada', 'support'));
    await replace(joined, demoted);
    t.deepEqual(await organisations().membershipsOf('org_a_ada'), [
      { organisationId: 'org_a', role: 'support' },
    ]);
    await replace(demoted, done(withoutMember(demoted, 'org_a_ada')));
    t.deepEqual(await organisations().membershipsOf('org_a_ada'), []);
    t.deepEqual(await organisations().membershipsOf('org_a_owner'), [
      { organisationId: 'org_a', role: 'owner' },
    ]);
  });

  test('A10: of two changes of one organisation one succeeds', async (t) => {
    const first = await stored('org_b', 'org_b_owner');
    const outcomes = await Promise.all([
      replace(first, invited(first, 'inv_b1', 'b1@example.com')),
      replace(first, invited(first, 'inv_b2', 'b2@example.com')),
    ]);
    t.is(outcomes.filter(({ isDone }) => isDone).length, 1);
    t.deepEqual(
      outcomes.find(({ isDone }) => !isDone),
      { isDone: false, reason: 'overtaken' },
    );
    t.deepEqual(await replace(null, first), { isDone: false, reason: 'overtaken' });
    const invitations = (await organisations().find('org_b'))!.invitations.map(
      ({ email }) => email,
    );
    t.is(invitations.length, 1);
    t.deepEqual(await organisations().invitingTo(invitations[0]!.toUpperCase()), ['org_b']);
    t.deepEqual(
      await organisations().invitingTo(
        invitations[0] === 'b1@example.com' ? 'b2@example.com' : 'b1@example.com',
      ),
      [],
    );
  });

  test('A10: an account is stored as an organisation with its first change', async (t) => {
    const own = organisationOf('org_c', 'org_c', NOW);
    t.true((await replace(own, invited(own, 'inv_c', 'c@example.com'))).isDone);
    t.deepEqual(await organisations().membershipsOf('org_c'), [
      { organisationId: 'org_c', role: 'owner' },
    ]);
    t.deepEqual(await organisations().invitingTo('C@example.com'), ['org_c']);
  });

  test('A10: a removed organisation leaves no member, no invitation and no name', async (t) => {
    const first = await stored('org_d', 'org_d_owner');
    const asked = invited(first, 'inv_d', 'd@example.com');
    await replace(first, asked);
    const seen = await recordsOf('org_d');
    t.true((await replace(asked, null)).isDone);
    t.is(await organisations().find('org_d'), null);
    t.deepEqual(await organisations().membershipsOf('org_d_owner'), []);
    t.deepEqual(await organisations().invitingTo('d@example.com'), []);
    t.deepEqual(await seen(), [
      { kind: 'organisation', organisationId: 'org_d', organisation: null },
    ]);
  });

  test('A10, C1: a change of members is recorded with it, one of invitations is not', async (t) => {
    const seen = await recordsOf('org_e');
    const first = await stored('org_e', 'org_e_owner');
    const asked = invited(first, 'inv_e', 'e@example.com');
    await replace(first, asked);
    const joined = done(withAccepted(asked, 'inv_e', 'org_e_ada', NOW + 1));
    await replace(asked, joined);
    await replace(asked, joined);
    const record = ({ id, createdAt, members }: StoredOrganisation): EntityChange => {
      return { kind: 'organisation', organisationId: id, organisation: { id, createdAt, members } };
    };
    t.deepEqual(await seen(), [record(first), record(joined)]);
  });

  test('A10, C1: a full pass shows each organisation once, as it is', async (t) => {
    const first = await stored('org_f', 'org_f_owner');
    const asked = invited(first, 'inv_f', 'f@example.com');
    await replace(first, asked);
    const { changes } = stores();
    const found: EntityChange[] = [];
    for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
      for (let cursor: string | null = null; ; ) {
        const page = await changes.scan(bucket, cursor, 7);
        found.push(...page.changes);
        cursor = page.nextCursor;
        if (cursor === null) break;
      }
    }
    const own = found.filter(
      (change) => change.kind === 'organisation' && change.organisationId === 'org_f',
    );
    const { invitations: _, revision: __, ...organisation } = first;
    t.deepEqual(own, [{ kind: 'organisation', organisationId: 'org_f', organisation }]);
  });

  test('A10: nobody is in more organisations than there may be', async (t) => {
    for (let i = 0; i < ORGANISATIONS_PER_USER_MAX; i++) await stored(`org_g${i}`, 'org_g_owner');
    const one = { ...organisationOf('org_g_more', 'org_g_owner', NOW), revision: 1 };
    t.deepEqual(await replace(null, one), { isDone: false, reason: 'organisations' });
    t.is(await organisations().find('org_g_more'), null);
    const first = (await organisations().find('org_g0'))!;
    t.true((await replace(first, invited(first, 'inv_g', 'g@example.com'))).isDone);
  });

  test('A10: an address has a bounded number of open invitations', async (t) => {
    const all: StoredOrganisation[] = [];
    for (let i = 0; i <= INVITATIONS_PER_ADDRESS_MAX; i++)
      all.push(await stored(`org_h${i}`, `org_h_owner${i}`));
    const last = all.pop()!;
    for (const [i, one] of all.entries())
      t.true((await replace(one, invited(one, `inv_h${i}`, 'h@example.com'))).isDone);
    const further = invited(last, 'inv_h', 'H@example.com');
    t.deepEqual(await replace(last, further), { isDone: false, reason: 'invitations' });
    // In place of an earlier one.
    const first = (await organisations().find('org_h0'))!;
    t.true((await replace(first, invited(first, 'inv_h_again', 'h@example.com'))).isDone);
    const later = NOW + 8 * DAY_MS;
    t.true((await replace(last, invited(last, 'inv_h', 'h@example.com', later), later)).isDone);
  });

  test('H11: a request changes an organisation once, and gets its first answer again', async (t) => {
    const first = await stored('org_i', 'org_i_owner');
    const asked = invited(first, 'inv_i', 'i@example.com');
    const change = { before: first, after: asked, answer: '{"a":"ü \\" 1"}', now: NOW };
    const once = (id: string, fingerprint?: string) =>
      organisations().replaceOnce(request(id, fingerprint), change);
    const value = { isDone: true, answer: change.answer } as const;
    t.is(await organisations().findAnswer(request('i')), null);
    t.deepEqual(await once('i'), { result: 'new', value });
    t.deepEqual(await once('i'), { result: 'repeated', value });
    t.deepEqual(await organisations().findAnswer(request('i')), { result: 'repeated', value });
    t.deepEqual(await once('i', 'other'), { result: 'reused' });
    await organisations().forgetAnswer(request('i'), 'another answer');
    t.deepEqual(await organisations().findAnswer(request('i')), { result: 'repeated', value });
    await organisations().forgetAnswer(request('i'), change.answer);
    t.is(await organisations().findAnswer(request('i')), null);
    t.deepEqual(await organisations().find('org_i'), asked);
    const refused = { isDone: false, reason: 'overtaken' } as const;
    t.deepEqual(await once('i2'), { result: 'new', value: refused });
    t.is(await organisations().findAnswer(request('i2')), null);
    const gone = done(withoutInvitation(asked, 'inv_i', NOW));
    const next = { ...change, before: asked, after: gone };
    t.like(await organisations().replaceOnce(request('i2'), next), { result: 'new' });
  });
}
