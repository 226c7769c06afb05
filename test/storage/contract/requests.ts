// What every driver of the requests port must do, and the stores that keep answers in the step of
// their effect (H11). Tests of one file share the stores, so each has requests of its own; those
// about bounds and ends have stores of their own.

import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { Draft } from '../../../contracts/drafts.ts';
import type { Product } from '../../../contracts/products.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { makeId } from '../../../domain/ids.ts';
import {
  type Answered,
  REQUEST_OVERHEAD_BYTES,
  type RequestBounds,
} from '../../../storage/ports/requests.ts';
import type { Stores } from '../../../storage/ports/stores.ts';

export type KeyedStores = Pick<Stores, 'catalogue' | 'drafts' | 'follows' | 'requests' | 'changes'>;

export interface RequestsContractOptions {
  readonly stores: () => KeyedStores;
  /** Stores of their own with these bounds, which a driver shares out; closed by the test. */
  readonly openBounded: (
    t: ExecutionContext,
    bounds: Partial<RequestBounds>,
  ) => Promise<KeyedStores>;
  /** Into how many parts the driver shares its bounds. */
  readonly parts: number;
}

let made = 0;

function requestOf(name: string, fingerprint = 'f', callerId = 'ann'): KeyedRequest {
  return { id: name, fingerprint, callerId };
}

/** Of the caller `ann`. */
function draftOf(id: string): Draft {
  return {
    id,
    productId: 'p',
    creatorId: 'ann',
    startsAt: 2_000,
    endsAt: 3_000,
    stock: 5,
    unitAmount: 1,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds: 60,
    payment: 'instant',
    revision: 1,
    createdAt: 1_000,
    announcing: false,
  };
}

/** Another product at each call, as an app makes it. */
function newProduct(creatorId: string, name = 'Lamp'): Product {
  made += 1;
  const id = makeId('p', 1_000, Buffer.from(`${made}`.padStart(10, '0')));
  return {
    id,
    creatorId,
    name,
    description: 'ü "\\\n',
    imageUrls: [],
    createdAt: made,
    revision: 1,
  };
}

export function requestsContract({ stores, openBounded, parts }: RequestsContractOptions): void {
  test('H11: the first value is kept, and is the answer to every repeat', async (t) => {
    const { requests } = stores();
    const request = requestOf('keep_1');
    const value = '{"a": "ü \\n", "b": " 1 2 "}\n\n';
    t.is(await requests.find(request), null);
    t.deepEqual(await requests.keep(request, value), { result: 'new', value });
    t.deepEqual(await requests.find(request), { result: 'repeated', value });
    t.deepEqual(await requests.find({ ...request, fingerprint: 'g' }), { result: 'reused' });
    t.deepEqual(await requests.keep(request, 'other'), { result: 'repeated', value });
    t.deepEqual(await requests.keep({ ...request, fingerprint: 'g' }, 'x'), { result: 'reused' });
    const tries = await Promise.all(
      Array.from({ length: 20 }, (_, i) => requests.keep(requestOf('keep_2'), String(i))),
    );
    const first = tries.filter(({ result }) => result === 'new');
    t.is(first.length, 1);
    for (const one of tries) t.is(valueOf(one), valueOf(first[0]!));
  });

  test('H11: a kept value is removed where it is still the same', async (t) => {
    const { requests } = stores();
    const request = requestOf('remove_1');
    t.false(await requests.remove(request, 'a'));
    await requests.keep(request, 'a');
    t.false(await requests.remove(request, 'b'));
    t.deepEqual(await requests.keep(request, 'x'), { result: 'repeated', value: 'a' });
    t.true(await requests.remove(request, 'a'));
    t.deepEqual(await requests.keep(request, 'new'), { result: 'new', value: 'new' });
  });

  test('H11: tries at the same moment add one product', async (t) => {
    const { catalogue } = stores();
    const creatorId = 'creator_add';
    for (let i = 0; i < 8; i++) {
      const request = requestOf(`add_${i}`);
      t.is(await catalogue.findAnswer(request), null);
      const tries = await Promise.all(
        Array.from({ length: 4 }, () =>
          catalogue.addProductOnce(request, () => newProduct(creatorId, `n${i}`)),
        ),
      );
      const products = tries.map(valueOf);
      t.is(tries.filter(({ result }) => result === 'new').length, 1);
      for (const product of products) t.deepEqual(product, products[0]!);
      await catalogue.changeProduct(products[0]!.id, { name: 'Later' });
      const again = await catalogue.addProductOnce(request, () => newProduct(creatorId));
      t.deepEqual(again, { result: 'repeated', value: products[0]! });
      t.deepEqual(await catalogue.findAnswer(request), again);
      t.deepEqual(await catalogue.findAnswer({ ...request, fingerprint: 'g' }), {
        result: 'reused',
      });
      const other = await catalogue.addProductOnce({ ...request, fingerprint: 'g' }, () =>
        newProduct(creatorId),
      );
      t.deepEqual(other, { result: 'reused' });
    }
    const { items } = await catalogue.listProducts({ creatorId }, { limit: 100, cursor: null });
    t.is(items.length, 8);
    t.true(items.every(({ name, revision }) => name === 'Later' && revision === 2));
  });

  test('H11: a product is changed once, and a repeat is answered as then', async (t) => {
    const { catalogue } = stores();
    const product = newProduct('creator_change');
    await catalogue.addProduct(product);
    const request = requestOf('change_1');
    const change = (revisions?: readonly number[]) =>
      catalogue.changeProductOnce(request, product.id, { name: 'First' }, revisions);
    const tries = await Promise.all([change(), change(), change(), change()]);
    const first = { ...product, name: 'First', revision: 2 };
    for (const one of tries) t.deepEqual(valueOf(one), first);
    t.is(tries.filter(({ result }) => result === 'new').length, 1);
    await catalogue.changeProduct(product.id, { name: 'Second' });
    // Its condition does not hold any more (H12), but it was done.
    t.deepEqual(await change([1]), { result: 'repeated', value: first });
    t.like(await catalogue.findProduct(product.id), { name: 'Second', revision: 3 });
    const reused = { ...request, fingerprint: 'g' };
    t.deepEqual(await catalogue.changeProductOnce(reused, product.id, { name: 'x' }), {
      result: 'reused',
    });
  });

  test('H11: a refused change is not kept', async (t) => {
    const { catalogue } = stores();
    const product = newProduct('creator_refused');
    const request = requestOf('refused_1');
    const change = (revisions?: readonly number[]) =>
      catalogue.changeProductOnce(request, product.id, { name: 'First' }, revisions);
    t.deepEqual(await change(), { result: 'new', value: 'not-found' });
    await catalogue.addProduct(product);
    t.deepEqual(await change([7]), { result: 'new', value: 'other-revision' });
    t.like(await change([1]), { result: 'new', value: { revision: 2 } });
  });

  test('H11: a repeated follow does not follow again', async (t) => {
    const { follows } = stores();
    const request = requestOf('follow_1', 'f', 'fan');
    t.deepEqual(await follows.followOnce(request, 'fan', 'star', 5), {
      result: 'new',
      value: null,
    });
    t.true(await follows.isFollowing('fan', 'star'));
    await follows.unfollow('fan', 'star');
    t.deepEqual(await follows.followOnce(request, 'fan', 'star', 6), {
      result: 'repeated',
      value: null,
    });
    t.false(await follows.isFollowing('fan', 'star'));
    t.deepEqual(await follows.counts('star'), { followers: 0, following: 0 });
  });

  test('H11: a draft is added once, and changed once', async (t) => {
    const { drafts } = stores();
    const [adding, changing] = [requestOf('draft_add'), requestOf('draft_change')];
    const before = draftOf('draft_1');
    const add = (id: string, max = 5) => drafts.addOnce(adding, draftOf(id), max);
    t.deepEqual(await add('draft_1', 0), { result: 'new', value: null });
    t.is(await drafts.findAnswer('ann', adding), null, 'a refusal is not kept');
    const added = await Promise.all([add('draft_1'), add('draft_2'), add('draft_3')]);
    const first = valueOf(added[0]);
    for (const one of added) t.deepEqual(valueOf(one), first);
    t.is((await drafts.list({ creatorId: 'ann' }, { limit: 10, cursor: null })).items.length, 1);
    const id = first!.id;
    const after = { ...before, id, stock: 7, revision: 2 };
    const change = () => drafts.replaceOnce(changing, { ...before, id }, after);
    t.deepEqual(await change(), { result: 'new', value: after });
    t.true(await drafts.replace(after, { ...after, stock: 8, revision: 3 }));
    t.deepEqual(await change(), { result: 'repeated', value: after });
    t.deepEqual(await drafts.findAnswer('ann', changing), { result: 'repeated', value: after });
    t.like(await drafts.find('ann', id), { stock: 8, revision: 3 });
    const other = requestOf('draft_other');
    t.deepEqual(await drafts.replaceOnce(other, { ...before, id }, after), {
      result: 'new',
      value: null,
    });
    await drafts.remove({ ...after, stock: 8, revision: 3 });
    t.deepEqual(await add('draft_4'), { result: 'repeated', value: first });
    t.is(await drafts.find('ann', id), null, 'what was removed does not come back');
  });

  test('H11: a draft is removed once, and the answer kept in that step', async (t) => {
    const { drafts } = stores();
    const creatorId = 'rob';
    const request = requestOf('draft_remove', 'f', 'a_helper');
    const other = requestOf('draft_remove_2', 'f', 'a_helper');
    const draft = { ...draftOf('draft_removed'), creatorId };
    const answer = '{"answer": "ü \\n"}';
    const remove = (text: string) => drafts.removeOnce(request, draft, text);
    t.deepEqual(await remove('early'), { result: 'new', value: null });
    t.is(await drafts.findRemoval(creatorId, request), null, 'what removed nothing is not kept');
    await drafts.add(draft, 50);
    t.deepEqual(await remove(answer), { result: 'new', value: answer });
    t.is(await drafts.find(creatorId, draft.id), null);
    await drafts.add(draft, 50);
    t.deepEqual(await remove('later'), { result: 'repeated', value: answer });
    t.deepEqual(await drafts.find(creatorId, draft.id), draft);
    t.deepEqual(await drafts.findRemoval(creatorId, request), {
      result: 'repeated',
      value: answer,
    });
    t.deepEqual(await drafts.removeOnce(other, draft, 'b'), { result: 'new', value: 'b' });
  });

  test('H11: a key that made a draft makes no drop', async (t) => {
    const { drafts, requests } = stores();
    const request = requestOf('draft_or_drop', 'f', 'bea');
    await drafts.addOnce(request, { ...draftOf('draft_or_drop'), creatorId: 'bea' }, 50);
    t.deepEqual(await requests.find({ ...request, fingerprint: 'g' }), { result: 'reused' });
  });

  test('H11, C1: an effect has one record in the change stream, a repeat none', async (t) => {
    const { catalogue, changes } = stores();
    const request = requestOf('record_1');
    const answered = await catalogue.addProductOnce(request, () => newProduct('creator_record'));
    await catalogue.addProductOnce(request, () => newProduct('creator_record'));
    const found = [];
    for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
      const { trimmed } = await changes.head(bucket);
      for (const { change } of await changes.read(bucket, trimmed, 1_000))
        if (change.kind === 'product' && change.product?.creatorId === 'creator_record')
          found.push(change.product);
    }
    t.deepEqual(found, [valueOf(answered)]);
  });

  test('H11: any interleaving of tries gives one effect and equal answers', async (t) => {
    const { catalogue } = stores();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 2, maxLength: 12 }), async (tries) => {
        round += 1;
        const product = newProduct('creator_any');
        await catalogue.addProduct(product);
        const answers = await Promise.all(
          tries.map(async (n) => [
            n,
            await catalogue.changeProductOnce(requestOf(`any_${round}_${n}`), product.id, {
              name: `by ${n}`,
            }),
          ]),
        );
        const first = new Map<unknown, unknown>();
        for (const [n, answered] of answers as [number, Answered<unknown>][]) {
          if (!first.has(n)) first.set(n, valueOf(answered));
          t.deepEqual(valueOf(answered), first.get(n));
        }
        const after = await catalogue.findProduct(product.id);
        t.is(after?.revision, 1 + new Set(tries).size);
      }),
      { numRuns: 20 },
    );
  });

  test('H11: an answer ends after its lifetime, and then the key is new', async (t) => {
    const { requests, catalogue } = await openBounded(t, { lifetimeMs: 40 });
    const request = requestOf('end_1');
    await catalogue.addProductOnce(request, () => newProduct('creator_end'));
    const other = requestOf('end_2');
    t.is((await requests.keep(other, 'a')).result, 'new');
    await until(async () => (await requests.keep(other, 'b')).result === 'new');
    const again = await catalogue.addProductOnce(request, () => newProduct('creator_end'));
    t.is(again.result, 'new');
    const filter = { creatorId: 'creator_end' };
    const { items } = await catalogue.listProducts(filter, { limit: 10, cursor: null });
    t.is(items.length, 2);
  });

  test('H11: past a bound a new key is refused, and none is forgotten', async (t) => {
    const bytesMax = 4 * REQUEST_OVERHEAD_BYTES * parts;
    const callerBytesMax = 2 * REQUEST_OVERHEAD_BYTES * parts;
    const { requests } = await openBounded(t, { bytesMax, callerBytesMax });
    const kept: KeyedRequest[] = [];
    const fill = async (callerId: string): Promise<Answered<string>> => {
      for (let i = 0; ; i++) {
        const request = requestOf(`bound_${callerId}_${i}`, 'f', callerId);
        const answered = await requests.keep(request, 'v');
        if (answered.result !== 'new') return answered;
        kept.push(request);
      }
    };
    const ofCaller = await fill('ann');
    t.like(ofCaller, { result: 'no-room', ofCaller: true });
    t.true('retryAfterMs' in ofCaller && ofCaller.retryAfterMs > 23 * 3_600_000);
    let full = await fill('bob');
    for (let i = 0; i < 100 && 'ofCaller' in full && full.ofCaller; i++) full = await fill(`c${i}`);
    t.like(full, { result: 'no-room', ofCaller: false });
    for (const request of kept)
      t.deepEqual(await requests.keep(request, 'other'), { result: 'repeated', value: 'v' });
    t.true(await requests.remove(kept[0]!, 'v'));
    t.is((await requests.keep(kept[0]!, 'v')).result, 'new', 'there is room again');
  });

  test('H11: answers that have ended make room', async (t) => {
    const bytesMax = 2 * REQUEST_OVERHEAD_BYTES * parts;
    const { requests } = await openBounded(t, { bytesMax, lifetimeMs: 50 });
    let number = 0;
    const next = () => requests.keep(requestOf(`room_${number++}`), 'v');
    await until(async () => (await next()).result === 'no-room');
    await until(async () => (await next()).result === 'new');
    t.pass();
  });
}

function valueOf<T>(answered: Answered<T>): T {
  if ('value' in answered) return answered.value;
  throw new Error(`not answered: ${answered.result}`);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await setImmediate();
}
