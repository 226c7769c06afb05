// Products as use cases: who may add one for whom, what is trimmed and filled in, and the role.

import test from 'ava';
import { Products } from '../../app/products.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FIRST_PAGE, NOW } from '../services/harness.ts';

const caller = { userId: 'u_creator', roles: [] };
const creatorId = caller.userId;

function start() {
  const stores = memoryStores();
  const random = (count: number) => new Uint8Array(count);
  return { stores, products: new Products({ ...stores, now: () => NOW, random }) };
}

test('D1: nobody adds a product for somebody else, operators neither', async (t) => {
  const { stores, products } = start();
  for (const roles of [[], ['creator'], ['operator']]) {
    const asker = { userId: 'u_other', roles };
    const added = await products.add({ caller: asker, creatorId, product: { name: 'Mug' } });
    t.deepEqual(
      added,
      refusal('forbidden', 'Products are added for oneself, or for an organisation.'),
    );
  }
  t.deepEqual((await stores.catalogue.listProducts({}, FIRST_PAGE)).items, []);
});

test('D1: a product’s name is trimmed, and what it leaves out is empty', async (t) => {
  const { products } = start();
  const added = await products.add({ caller, creatorId, product: { name: '  Mug ' } });
  if (!added.ok) return t.fail(added.code);
  const { id } = added.value;
  const product = { id, creatorId, name: 'Mug', description: '', imageUrls: [], createdAt: NOW };
  t.deepEqual(added, success({ ...product, revision: 1 }));
  const change = { name: ' Cup  ' };
  const changed = await products.change({ caller, productId: id, change });
  t.deepEqual(changed, success({ ...product, name: 'Cup', revision: 2 }));
});

test('D1: changing another’s product is forbidden, also with invalid content', async (t) => {
  const { products } = start();
  const added = await products.add({ caller, creatorId, product: { name: 'Mug' } });
  if (!added.ok) return t.fail(added.code);
  const productId = added.value.id;
  for (const change of [{ name: 'Cup' }, { name: '' }]) {
    const asker = { userId: 'u_boss', roles: ['operator'] };
    t.like(await products.change({ caller: asker, productId, change }), { code: 'forbidden' });
  }
  t.deepEqual(await products.get({ productId }), added);
});

test('A1: a product whose creator could not get the role is not added', async (t) => {
  const { stores, products } = start();
  await stores.accounts.addUser({
    id: creatorId,
    email: 'a@b.example',
    name: 'Ada',
    passwordHash: '',
    roles: [],
    createdAt: NOW,
  });
  stores.accounts.addRole = () => Promise.reject(new Error('away'));
  await t.throwsAsync(products.add({ caller, creatorId, product: { name: 'Mug' } }));
  t.deepEqual((await stores.catalogue.listProducts({}, FIRST_PAGE)).items, []);
});
