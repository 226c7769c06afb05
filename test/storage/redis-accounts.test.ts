// Accounts on a real Redis: the contract, and what a process leaves that stops in the middle.

import test from 'ava';
import { RedisAccountStore } from '../../storage/redis/catalogue/accounts-redis.ts';
import { userKey } from '../../storage/redis/catalogue/catalogue-keys.ts';
import type { RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { accountLinksContract } from './contract/account-links.ts';
import { accountsContract } from './contract/accounts.ts';
import { sessionsContract } from './contract/sessions.ts';
import { failsWith } from './contract/errors.ts';
import { connectRedisData, partsOn, type RedisData } from './redis-data.ts';
import { diesAfter, pausesAfter } from './redis-interrupted.ts';

let server: RedisServer;
let data: RedisData;

const user = (id: string, email: string) => ({
  id,
  email,
  name: `Name of ${id}`,
  passwordHash: 'hash',
  roles: [],
  createdAt: 1_700_000_000_000,
});

function accountsOn(redis: RedisConnection, claimGraceMs = 60_000): RedisAccountStore {
  return new RedisAccountStore({ ...partsOn(data.parts, redis), now: () => 0, claimGraceMs });
}

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    data = await connectRedisData(server.address);
    // So that no script below needs a second command because Redis does not know it yet.
    await data.accounts.addUser(user('user_first', 'first@example.com'));
    await data.accounts.addRefreshToken({
      hash: 'first',
      familyId: 'family_first',
      userId: 'user_first',
      expiresAt: 1000,
    });
    await data.accounts.rotateRefreshToken('first', { hash: 'second', expiresAt: 1000 }, 0);
  });
  test.after.always(async () => {
    await data?.close();
    await server?.stop();
  });

  accountsContract(() => data.stores);
  sessionsContract(() => data);
  accountLinksContract(() => data);

  test('A1a: a registration that dies between any two writes leaves nothing', async (t) => {
    const first = (id: string) => ({
      hash: `token_${id}`,
      familyId: `family_${id}`,
      userId: id,
      expiresAt: 1000,
    });
    let writes = 0;
    for (let isDone = false; !isDone; writes++) {
      const [id, email] = [`user_k${writes}`, `k${writes}@example.com`];
      const dying = accountsOn(diesAfter(data.redis, writes));
      try {
        isDone = await dying.addUser(user(id, email), first(id));
      } catch {
        t.is(await data.accounts.findUserByEmail(email), null);
        t.is(await data.accounts.findUser(id), null);
        const again = `${id}_again`;
        t.true(await accountsOn(data.redis, 0).addUser(user(again, email), first(again)));
        t.is((await data.accounts.findUserByEmail(email))?.id, again);
        t.is(await data.accounts.findUser(id), null);
      }
    }
    // The claim, the token's two, the user.
    t.true(writes > 4, `${writes}`);
  });

  test('A1: an e-mail whose registration died is not taken, but waits for a while', async (t) => {
    const dying = accountsOn(diesAfter(data.redis, 1));
    await failsWith(t, 'store-unavailable', dying.addUser(user('user_d1', 'd@example.com')));
    t.is(await data.accounts.findUserByEmail('d@example.com'), null);

    const patient = accountsOn(data.redis);
    const second = patient.addUser(user('user_d2', 'd@example.com'));
    await failsWith(t, 'store-unavailable', second);
    const later = accountsOn(data.redis, 0);
    t.true(await later.addUser(user('user_d3', 'D@example.com')));
    t.is((await later.findUserByEmail('d@example.com'))?.id, 'user_d3');
    t.is(await later.findUser('user_d1'), null);
    t.false(await later.addUser(user('user_d4', 'd@example.com')));
  });

  test('A1: a registration that was only slow fails once its e-mail is taken over', async (t) => {
    const slow = pausesAfter(data.redis, 1);
    const outcome = accountsOn(slow.connection).addUser(user('user_s1', 's@example.com'));
    await slow.paused;
    t.true(await accountsOn(data.redis, 0).addUser(user('user_s2', 's@example.com')));
    slow.resume();
    t.false(await outcome);
    t.is((await data.accounts.findUserByEmail('s@example.com'))?.id, 'user_s2');
    t.is(await data.accounts.findUser('user_s1'), null);
    t.deepEqual(await data.accounts.namesOf(['user_s1']), new Map());
    await data.accounts.addRole('user_s1', 'creator');
    t.is(await data.accounts.findUser('user_s1'), null);
  });

  test('A8: a removal that dies between any two writes is finished by the next', async (t) => {
    let writes = 0;
    for (let isDone = false; !isDone; writes++) {
      const [id, email] = [`user_g${writes}`, `g${writes}@example.com`];
      await data.accounts.addUser(user(id, email));
      try {
        await accountsOn(diesAfter(data.redis, writes)).removeUser(id);
        isDone = true;
      } catch {
        await data.accounts.removeUser(id);
      }
      t.is(await data.accounts.findUser(id), null);
      t.deepEqual(await data.accounts.findRemovedUser(id), { createdAt: 1_700_000_000_000 });
      const left = await data.redis.hgetall(userKey(id));
      t.deepEqual(Object.keys(left), ['removed']);
      t.true(await data.accounts.addUser(user(`${id}_next`, email)));
    }
    t.true(writes > 2, `${writes}`);
  });

  test('A7: a change of address that dies between any two writes is made or not', async (t) => {
    let writes = 0;
    for (let isDone = false; !isDone; writes++) {
      const [id, other] = [`user_e${writes}`, `user_f${writes}`];
      const [before, after] = [`e${writes}@example.com`, `e${writes}@new.example`];
      await data.accounts.addUser(user(id, before));
      const dying = accountsOn(diesAfter(data.redis, writes));
      try {
        isDone = (await dying.changeEmail(user(id, before), after)) === 'changed';
      } catch {
        const { email } = (await data.accounts.findUser(id))!;
        const free = email === before ? after : before;
        t.true([before, after].includes(email));
        t.is((await data.accounts.findUserByEmail(email))?.id, id);
        t.is(await data.accounts.findUserByEmail(free), null);
        const retried = { ...user(id, before), email };
        if (email === before) t.is(await data.accounts.changeEmail(retried, after), 'changed');
        // Whatever the address, nobody else gets the one that the user has.
        t.false(await accountsOn(data.redis, 0).addUser(user(other, after)));
        t.true(await accountsOn(data.redis, 0).addUser(user(`${other}_free`, before)));
        t.is((await data.accounts.findUserByEmail(after))?.id, id);
      }
    }
    // The fence, the claim, what it names, the user, the old claim.
    t.true(writes > 3, `${writes}`);
  });

  test('A7: a change of address that was only slow fails once its claim is taken over', async (t) => {
    await data.accounts.addUser(user('user_slow', 'slow@example.com'));
    for (const commands of [1, 2]) {
      const wanted = `wanted${commands}@example.com`;
      const slow = pausesAfter(data.redis, commands);
      const change = accountsOn(slow.connection).changeEmail(
        user('user_slow', 'slow@example.com'),
        wanted,
      );
      await slow.paused;
      const id = `user_quick${commands}`;
      t.true(await accountsOn(data.redis, 0).addUser(user(id, wanted)), wanted);
      slow.resume();
      t.true(['taken', 'overtaken'].includes(await change), wanted);
      t.is((await data.accounts.findUser('user_slow'))!.email, 'slow@example.com');
      t.is((await data.accounts.findUserByEmail(wanted))?.id, id);
    }
  });

  test('A1: of many that take over an abandoned e-mail one succeeds', async (t) => {
    const dying = accountsOn(diesAfter(data.redis, 1));
    await failsWith(t, 'store-unavailable', dying.addUser(user('user_m', 'm@example.com')));
    const eager = accountsOn(data.redis, 0);
    const ids = Array.from({ length: 10 }, (_, i) => `user_m${i}`);
    // One after the other claims, marks and takes over at the same time as all others.
    const outcomes = await Promise.all(ids.map((id) => eager.addUser(user(id, 'm@example.com'))));
    const winners = ids.filter((_, i) => outcomes[i]);
    t.is(winners.length, 1);
    t.is((await eager.findUserByEmail('m@example.com'))?.id, winners[0]);
    t.deepEqual([...(await eager.namesOf(ids)).keys()], winners);
  });

  test('A1: a rotation that died before it was decided leaves the old token in use', async (t) => {
    const token = { hash: 'c1', familyId: 'family_c', userId: 'user_c', expiresAt: 1000 };
    await data.accounts.addRefreshToken(token);
    const next = { hash: 'c2', expiresAt: 1000 };
    for (const commands of [0, 1, 2]) {
      const dying = accountsOn(diesAfter(data.redis, commands));
      await failsWith(t, 'store-unavailable', dying.rotateRefreshToken('c1', next, 10));
      t.is((await data.accounts.rotateRefreshToken('c2', next, 10)).result, 'unknown');
    }
    const rotated = await data.accounts.rotateRefreshToken('c1', next, 10);
    t.like(rotated, { result: 'rotated', userId: 'user_c' });
  });

  test('A1a: nodes of level 1 read a used token, and what they used has no grace', async (t) => {
    const [key, expiresAt] = ['{family:family_m}:m1', 1000];
    const token = { hash: 'm1', familyId: 'family_m', userId: 'user_m', expiresAt };
    await data.accounts.addRefreshToken(token);
    const rotate = () => data.accounts.rotateRefreshToken('m1', { hash: 'm2', expiresAt }, 10);
    t.is((await rotate()).result, 'rotated');
    // The form that level 1 writes and parses; it stores nothing else of a use.
    t.is(await data.redis.get(key), `used ${expiresAt}`);
    await data.redis.del(`${key}:used`);
    t.is((await rotate()).result, 'reused');
  });

  test('A1: a revoked family stays revoked, also for a token that comes late', async (t) => {
    const token = { hash: 'late1', familyId: 'family_gone', userId: 'user_l', expiresAt: 1000 };
    await data.accounts.addRefreshToken(token);
    await data.accounts.revokeFamily('family_gone');
    await data.accounts.addRefreshToken({ ...token, hash: 'late2' });
    const next = { hash: 'late3', expiresAt: 1000 };
    t.is((await data.accounts.rotateRefreshToken('late1', next, 10)).result, 'unknown');
    t.is((await data.accounts.rotateRefreshToken('late2', next, 10)).result, 'unknown');
  });

  test('A1: all keys of a session expire by themselves', async (t) => {
    const { redis } = data;
    const token = { hash: 'ttl1', familyId: 'family_ttl', userId: 'user_t', expiresAt: 1000 };
    await data.accounts.addRefreshToken(token);
    await data.accounts.rotateRefreshToken('ttl1', { hash: 'ttl2', expiresAt: 500_000 }, 10);
    await data.accounts.rotateRefreshToken('ttl1', { hash: 'ttl3', expiresAt: 2000 }, 10);
    // Half of a token that was never finished leads to no family, and revoking it makes none.
    const dying = accountsOn(diesAfter(redis, 1));
    const half = { ...token, hash: 'ttl4', familyId: 'family_ttl_half' };
    await failsWith(t, 'store-unavailable', dying.addRefreshToken(half));
    await data.accounts.revokeFamily('family_ttl_half');

    const keys = (await redis.keys('*ttl*')).toSorted();
    t.deepEqual(keys, [
      'token:ttl1',
      'token:ttl2',
      'token:ttl3',
      'token:ttl4',
      '{family:family_ttl}',
      '{family:family_ttl}:ttl1',
      '{family:family_ttl}:ttl1:used',
      '{family:family_ttl}:ttl2',
    ]);
    for (const key of keys) t.true((await redis.pttl(key)) > 0, key);
    // The family lives as long as the longest of its tokens, so that its end is remembered.
    t.true((await redis.pttl('{family:family_ttl}')) > (await redis.pttl('token:ttl1')) + 400_000);
  });
} else {
  test.skip('accounts on Redis need redis-server', () => {});
}
