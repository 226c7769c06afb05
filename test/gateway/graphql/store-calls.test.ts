// How often stores are asked for what one operation shows: the real services, over stores in
// memory that count.

import test from 'ava';
import { AccessTokens } from '../../../app/access-tokens.ts';
import { success } from '../../../domain/refusal.ts';
import { catalogueService } from '../../../services/catalogue.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { accountsServiceOn } from '../../services/accounts-harness.ts';
import { dropView, NOW, startServices } from '../../services/harness.ts';
import { startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const accessTokens = new AccessTokens({ secret: 'x'.repeat(32), now: () => NOW });
const COUNT = 100;
const numbers = Array.from({ length: COUNT }, (_, i) => i);

/** The store, whose calls are written down as `name.method`. */
function counted<T extends object>(store: T, name: string, calls: string[]): T {
  return new Proxy(store, {
    get(target, key): unknown {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        calls.push(`${name}.${String(key)}`);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

async function fill({ catalogue, accounts, follows }: Stores): Promise<void> {
  for (const i of numbers) {
    const creatorId = `u_${i}`;
    await accounts.addProfile({ id: creatorId, name: `Creator ${i}`, createdAt: NOW });
    await follows.follow('u_fan', creatorId, NOW);
    const about = { name: `Product ${i}`, description: '', imageUrls: [], revision: 1 };
    await catalogue.addProduct({ id: `p_${i}`, creatorId, createdAt: NOW, ...about });
    await catalogue.putDrops([
      dropView({ id: `d_${i}`, productId: `p_${i}`, creatorId, createdAt: NOW - i }),
    ]);
  }
}

test('G2: a page of 100 drops with product, creator and counts asks each store once', async (t) => {
  const calls: string[] = [];
  const harness = await startServices(t, (parts) => {
    const { stores, router, levels, clock, random } = parts;
    const watched: Stores = {
      ...stores,
      catalogue: counted(stores.catalogue, 'catalogue', calls),
      accounts: counted(stores.accounts, 'accounts', calls),
      follows: counted(stores.follows, 'follows', calls),
    };
    const now = () => clock.now();
    return [
      catalogueService({ ...watched, router, levels, clock, now, random }),
      accountsServiceOn({ ...parts, stores: watched, accessTokens }),
    ];
  });
  await fill(harness.stores);
  harness.router.answer = (command) => {
    const i = 'dropId' in command ? command.dropId.slice(2) : '';
    return success(dropView({ id: `d_${i}`, productId: `p_${i}`, creatorId: `u_${i}` }));
  };
  const fixture = await startFixture(t, { call: harness.call });
  const { json, data } = await ask(
    fixture,
    `{ drops(first: ${COUNT}) { nodes {
      restId free product { name creator { name } } creator { name followerCount }
    } } }`,
  );
  t.is(json['errors'], undefined);
  const { nodes } = data['drops'] as { nodes: { restId: string }[] };
  t.is(nodes.length, COUNT);
  t.deepEqual(
    nodes.find(({ restId }) => restId === 'd_42'),
    {
      restId: 'd_42',
      free: 10,
      product: { name: 'Product 42', creator: { name: 'Creator 42' } },
      creator: { name: 'Creator 42', followerCount: 1 },
    } as never,
  );
  t.deepEqual(calls.toSorted(), [
    'accounts.findUsers',
    'catalogue.findProducts',
    'catalogue.listDrops',
    'follows.countsOf',
  ]);
});
