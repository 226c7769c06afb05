// Pictures and films through the broker: who may upload what, and how an upload goes on.

import test, { type ExecutionContext } from 'ava';
import { type LiveMessage, userTopic } from '../../actors/live-bus.ts';
import { Avatars } from '../../app/avatars.ts';
import {
  IMAGE_BYTES_MAX,
  MEDIA_OF_OWNER_BYTES_MAX,
  UPLOAD_LIFETIME_MS,
  VIDEO_BYTES_MAX,
} from '../../contracts/bounds.ts';
import type { Media, MediaContent, NewMedia } from '../../contracts/media.ts';
import type { NewProduct, ProductView } from '../../contracts/products.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { organisationOf } from '../../domain/organisation.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { catalogueService } from '../../services/catalogue.ts';
import { mediaService } from '../../services/media.ts';
import { productsService } from '../../services/products.ts';
import { MemoryConsumerLeases } from '../../storage/memory/consumer-leases-memory.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { drop } from '../storage/contract/catalogue.ts';
import { type Harness, NOW, startServices } from './harness.ts';

/** A node of this feature level does not know why media are refused. */
const BEFORE_MEDIA_LEVEL = 5;
const ADA = { userId: 'u_ada', roles: [] };
const BOB = { userId: 'u_bob', roles: [] };
const LAMP: NewMedia = { filename: 'lamp.jpg', purpose: 'product', bytes: 1_000 };
const CONTENT: MediaContent = {
  kind: 'image',
  type: 'image/jpeg',
  sha256: '0'.repeat(64),
  width: 3,
  height: 2,
  preview: null,
  variants: [],
};

const REACHED = new ReachedLevel(FEATURE_LEVEL);

async function start(t: ExecutionContext, levels = REACHED): Promise<Harness> {
  return await startServices(t, ({ stores, router, liveBus, clock, random }) => [
    catalogueService({ ...stores, router, levels, clock, now: () => clock.now(), random }),
    productsService({ ...stores, now: () => clock.now(), random }),
    mediaService({
      ...stores,
      levels,
      leases: new MemoryConsumerLeases({ now: () => clock.monotonic() }),
      selling: {
        refuse: (creatorId) =>
          Promise.resolve(creatorId === 'u_banished' ? refusal('suspended') : null),
      },
      liveBus,
      now: () => clock.now(),
      random,
    }),
  ]);
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.code);
  return outcome.value;
}

async function begin({ call }: Harness, media: Partial<NewMedia> = {}): Promise<Media> {
  const added = { caller: ADA, ownerId: 'u_ada', media: { ...LAMP, ...media } };
  return valueOf(await call('media.add', added));
}

test('M1: an upload is begun by who may act for its owner, and may sell', async (t) => {
  const { call } = await start(t);
  const add = (caller: typeof ADA & { memberships?: never[] }, ownerId: string) =>
    call('media.add', { caller, ownerId, media: LAMP });
  t.like(await add(BOB, 'u_ada'), { code: 'forbidden' });
  const of = (role: 'manager' | 'support') => ({
    ...BOB,
    memberships: [{ organisationId: 'o_team', role }] as never[],
  });
  t.like(await add(of('support'), 'o_team'), { code: 'forbidden' });
  t.like(await add(of('manager'), 'o_team'), { ok: true });
  const banished = { userId: 'u_banished', roles: [] };
  t.like(await add(banished, 'u_banished'), { code: 'suspended' });
  const avatar = { caller: banished, ownerId: 'u_banished', media: { ...LAMP, purpose: 'avatar' } };
  t.like(await call('media.add', avatar as never), { ok: true });
});

test('M1: a file has its bound by purpose, and its text a form', async (t) => {
  const { call } = await start(t);
  const add = (media: object) =>
    call('media.add', { caller: ADA, ownerId: 'u_ada', media: { ...LAMP, ...media } });
  t.like(await add({ bytes: VIDEO_BYTES_MAX }), { ok: true });
  t.like(await add({ purpose: 'avatar', bytes: IMAGE_BYTES_MAX }), { ok: true });
  t.like(await add({ purpose: 'avatar', bytes: IMAGE_BYTES_MAX + 1 }), { code: 'media-too-large' });
  for (const wrong of [{ bytes: VIDEO_BYTES_MAX + 1 }, { bytes: 0 }, { filename: 'a\nb' }])
    t.like(await add(wrong), { code: 'invalid-request' });
});

test('M1: an upload goes on for who may act for its owner, and is theirs to remove', async (t) => {
  const harness = await start(t);
  const { call } = harness;
  const { id: mediaId } = await begin(harness);
  t.like(await call('media.upload', { caller: BOB, mediaId }), { code: 'forbidden' });
  t.like(await call('media.upload', { caller: ADA, mediaId }), { ok: true });
  t.like(await call('media.upload', { caller: ADA, mediaId: 'm_other' }), { code: 'not-found' });
  t.like(await call('media.remove', { caller: BOB, mediaId }), { code: 'forbidden' });
  t.deepEqual(await call('media.remove', { caller: ADA, mediaId }), success(null));
  t.like(await call('media.get', { mediaId }), { code: 'not-found' });
});

test('M1: an upload is processed once, and settled once', async (t) => {
  const harness = await start(t);
  const { call } = harness;
  const { id: mediaId, expiresAt } = await begin(harness);
  t.is(expiresAt, NOW + UPLOAD_LIFETIME_MS);
  const ready = { mediaId, result: { status: 'ready', content: CONTENT } as const };
  t.is(valueOf(await call('media.settle', ready)).status, 'uploading');
  for (let i = 0; i < 2; i++) {
    const { status, expiresAt: end } = valueOf(await call('media.received', { mediaId }));
    t.deepEqual([status, end], ['processing', null]);
  }
  const heard: LiveMessage[] = [];
  harness.liveBus.subscribe(userTopic('u_ada'), (message) => heard.push(message));
  harness.liveBus.subscribe(userTopic('u_bob'), () => t.fail('it is not his'));
  const settled = valueOf(await call('media.settle', ready));
  t.deepEqual([settled.status, settled.content], ['ready', CONTENT]);
  const refused = { mediaId, result: { status: 'refused', reason: 'broken' } as const };
  t.deepEqual(await call('media.settle', refused), success(settled));
  // The second call may be that of a node that knows nothing of the first.
  const told = { type: 'media-settled', media: { mediaId, status: 'ready' } } as const;
  t.deepEqual(heard, [told, told]);
  t.deepEqual(await call('media.received', { mediaId }), success(settled));
});

test('M1: the owner is told why a medium is refused, once all nodes know how', async (t) => {
  const reached = new ReachedLevel(BEFORE_MEDIA_LEVEL);
  const harness = await start(t, reached);
  const { call, liveBus } = harness;
  const heard: LiveMessage[] = [];
  liveBus.subscribe(userTopic('u_ada'), (message) => heard.push(message));
  const refuse = async (): Promise<string> => {
    const { id: mediaId } = await begin(harness);
    await call('media.received', { mediaId });
    const result = { status: 'refused', reason: 'It is no picture.' } as const;
    t.like(valueOf(await call('media.settle', { mediaId, result })), result);
    return mediaId;
  };
  await refuse();
  t.deepEqual(heard, []);
  reached.raise(FEATURE_LEVEL);
  const mediaId = await refuse();
  const media = { mediaId, status: 'refused', reason: 'It is no picture.' } as const;
  t.deepEqual(heard, [{ type: 'media-settled', media }]);
});

test('M1: of an organisation’s media the members hear who may change its products', async (t) => {
  const harness = await start(t);
  const { call, liveBus, stores } = harness;
  const one = { ...organisationOf('o_shop', 'u_ada', NOW), revision: 1 };
  const members = [
    ...one.members,
    { userId: 'u_bob', role: 'manager', since: NOW } as const,
    { userId: 'u_cleo', role: 'support', since: NOW } as const,
  ];
  const after = { ...one, members };
  await stores.organisations.replace({ before: null, after, answer: '', now: NOW });
  const heard: [userId: string, message: LiveMessage][] = [];
  for (const userId of ['u_ada', 'u_bob', 'u_cleo', 'u_dan'])
    liveBus.subscribe(userTopic(userId), (message) => heard.push([userId, message]));
  const memberships = [{ organisationId: 'o_shop', role: 'manager' } as const];
  const caller = { ...BOB, memberships };
  const added = await call('media.add', { caller, ownerId: 'o_shop', media: LAMP });
  const { id: mediaId } = valueOf(added);
  await call('media.received', { mediaId });
  await call('media.settle', { mediaId, result: { status: 'ready', content: CONTENT } });
  const told = { type: 'media-settled', media: { mediaId, status: 'ready' } } as const;
  t.deepEqual(heard, [
    ['u_ada', told],
    ['u_bob', told],
  ]);
});

test('M1: an upload that is not finished in time is removed, no other', async (t) => {
  const harness = await start(t);
  const { call, clock } = harness;
  const [late, received] = [await begin(harness), await begin(harness)];
  await call('media.received', { mediaId: received.id });
  await clock.advance(UPLOAD_LIFETIME_MS - 1);
  t.deepEqual(await call('media.expire', { mediaId: late.id }), success(null));
  t.like(await call('media.get', { mediaId: late.id }), { ok: true });
  await clock.advance(1);
  for (const { id: mediaId } of [late, received])
    t.deepEqual(await call('media.expire', { mediaId }), success(null));
  t.like(await call('media.get', { mediaId: late.id }), { code: 'not-found' });
  t.like(await call('media.get', { mediaId: received.id }), { ok: true });
});

test('M1: of two holders one may write to an upload, until it lets go or is silent', async (t) => {
  const { call, clock } = await start(t);
  const lock = (holder: string) => call('media.lock', { mediaId: 'm_1', holder, ms: 1_000 });
  t.deepEqual([await lock('a'), await lock('b')], [success(true), success(false)]);
  await clock.advance(900);
  t.deepEqual([await lock('a'), await lock('b')], [success(true), success(false)]);
  await clock.advance(1_001);
  t.deepEqual([await lock('b'), await lock('a')], [success(true), success(false)]);
  await call('media.unlock', { mediaId: 'm_1', holder: 'a' });
  t.deepEqual(await lock('a'), success(false));
  await call('media.unlock', { mediaId: 'm_1', holder: 'b' });
  t.deepEqual(await lock('a'), success(true));
});

test('M1, M4: uploads that were not finished in time take no room, and are swept', async (t) => {
  const harness = await start(t);
  const { call, clock } = harness;
  const film = { bytes: VIDEO_BYTES_MAX };
  const fitting = Math.floor(MEDIA_OF_OWNER_BYTES_MAX / VIDEO_BYTES_MAX);
  const begun: Media[] = [];
  for (let i = 0; i < fitting; i++) begun.push(await begin(harness, film));
  const add = { caller: ADA, ownerId: 'u_ada', media: { ...LAMP, ...film } };
  t.like(await call('media.add', add), { code: 'media-quota' });
  valueOf(await call('media.received', { mediaId: begun[0]!.id }));
  await clock.advance(UPLOAD_LIFETIME_MS);
  const next = valueOf(await call('media.add', add));
  t.like(await call('media.get', { mediaId: begun[0]!.id }), { ok: true }, 'what is whole stays');
  t.like(await call('media.get', { mediaId: begun[1]!.id }), { code: 'not-found' });
  await begin(harness);
  t.deepEqual(await call('media.sweep', {}), success(0));
  await clock.advance(UPLOAD_LIFETIME_MS);
  t.deepEqual(await call('media.sweep', {}), success(2));
  t.like(await call('media.get', { mediaId: next.id }), { code: 'not-found' });
});

const MUG: NewProduct = { name: 'Mug' };

/** A medium of Ada's that is there. */
async function readyMedia(harness: Harness, change: Partial<MediaContent> = {}): Promise<Media> {
  const { id: mediaId } = await begin(harness);
  valueOf(await harness.call('media.received', { mediaId }));
  const content = { ...CONTENT, ...change };
  return valueOf(
    await harness.call('media.settle', { mediaId, result: { status: 'ready', content } }),
  );
}

async function productWith({ call }: Harness, mediaIds: string[]): Promise<ProductView> {
  const product = { ...MUG, mediaIds };
  return valueOf(await call('products.add', { caller: ADA, creatorId: 'u_ada', product }));
}

test('M1: media on a product stay in their order until another list frees them', async (t) => {
  const harness = await start(t);
  const { call } = harness;
  const [one, two, three] = [
    await readyMedia(harness),
    await readyMedia(harness),
    await readyMedia(harness),
  ];
  const remove = (mediaId: string) => call('media.remove', { caller: ADA, mediaId });
  const { id: productId } = await productWith(harness, [two.id, one.id]);
  t.like(await remove(one.id), { code: 'media-in-use', detail: `It is used by ${productId}.` });
  const change = (mediaIds: string[]) =>
    call('products.change', { caller: ADA, productId, change: { mediaIds } });
  const changed = valueOf(await change([three.id, two.id]));
  t.deepEqual(changed.mediaIds, [three.id, two.id]);
  t.deepEqual(
    changed.media?.map(({ id }) => id),
    [three.id, two.id],
  );
  t.deepEqual(await remove(one.id), success(null));
  t.like(await remove(two.id), { code: 'media-in-use' });
  valueOf(await change([]));
  for (const { id } of [two, three]) t.deepEqual(await remove(id), success(null));
  t.like(await change([one.id]), { code: 'invalid-request' });
});

test('M1: only media of the creator that were uploaded for products are taken', async (t) => {
  const harness = await start(t);
  const { call } = harness;
  const mine = await readyMedia(harness);
  const uploading = await begin(harness);
  const avatar = await begin(harness, { purpose: 'avatar' });
  const foreign = { caller: BOB, creatorId: 'u_bob', product: { ...MUG, mediaIds: [mine.id] } };
  t.like(await call('products.add', foreign), { code: 'invalid-request' });
  for (const id of [uploading.id, avatar.id, 'm_unknown']) {
    const product = { ...MUG, mediaIds: [mine.id, id] };
    const added = await call('products.add', { caller: ADA, creatorId: 'u_ada', product });
    t.like(added, { code: 'invalid-request' });
  }
  const both = { ...MUG, mediaIds: [mine.id], imageUrls: ['https://example.com/a.png'] };
  const added = await call('products.add', { caller: ADA, creatorId: 'u_ada', product: both });
  t.like(added, { code: 'invalid-request' });
  const many = { ...MUG, mediaIds: Array.from({ length: 11 }, (_, i) => `m_${i}`) };
  const tooMany = await call('products.add', { caller: ADA, creatorId: 'u_ada', product: many });
  t.like(tooMany, { code: 'invalid-request' });
});

test('M1: a mark whose product was never written counts for a minute', async (t) => {
  const harness = await start(t);
  const { call, clock, stores } = harness;
  const medium = await readyMedia(harness);
  const uses = [{ productId: 'p_never', revision: 1, since: clock.now() }];
  const marked = { ...medium, uses, revision: medium.revision + 1 };
  t.true(await stores.media.replace(medium, marked));
  const remove = () => call('media.remove', { caller: ADA, mediaId: medium.id });
  t.like(await remove(), { code: 'media-in-use' });
  await clock.advance(60_000);
  t.deepEqual(await remove(), success(null));
});

test('M2: media are their owner’s alone until a drop of their product is announced', async (t) => {
  const harness = await start(t);
  const { call, stores } = harness;
  const { id: mediaId } = await readyMedia(harness);
  const view = (caller: typeof ADA | null) => call('media.view', { caller, mediaId });
  const product = await productWith(harness, [mediaId]);
  t.like(product, { hasPrivateMedia: true, media: [{ id: mediaId }] });
  const seen = (caller?: typeof ADA) =>
    call('catalogue.product', { productId: product.id, ...(caller && { caller }) });
  t.like(valueOf(await seen()), { hasPrivateMedia: true, media: undefined, picture: undefined });
  t.like(valueOf(await seen(BOB)), { media: undefined });
  t.like(valueOf(await seen(ADA)), { media: [{ id: mediaId }] });
  for (const caller of [null, BOB]) t.like(await view(caller), { code: 'not-found' });
  t.like(valueOf(await view(ADA)), { visibility: 'private' });
  t.deepEqual(await call('media.anyPublic', { mediaIds: [mediaId] }), success(false));
  await stores.catalogue.announceProduct(product.id);
  t.like(valueOf(await seen()), { hasPrivateMedia: undefined, media: [{ id: mediaId }] });
  t.like(valueOf(await view(null)), { visibility: 'public' });
  t.deepEqual(await call('media.anyPublic', { mediaIds: ['m_none', mediaId] }), success(true));
  const later = await readyMedia(harness);
  const change = { mediaIds: [mediaId, later.id] };
  valueOf(await call('products.change', { caller: ADA, productId: product.id, change }));
  t.like(valueOf(await call('media.view', { caller: null, mediaId: later.id })), {
    visibility: 'public',
  });
});

test('M1: a profile has its owner’s picture, which stays until another replaces it', async (t) => {
  const harness = await start(t);
  const { call, stores } = harness;
  await stores.accounts.addUser({
    id: 'u_ada',
    email: 'ada@example.com',
    name: 'Ada',
    passwordHash: '',
    roles: [],
    createdAt: NOW,
  });
  const upload = async () => {
    const { id: mediaId } = await begin(harness, { purpose: 'avatar' });
    valueOf(await call('media.received', { mediaId }));
    return mediaId;
  };
  const avatars = new Avatars({ ...stores, levels: REACHED });
  const [first, second] = [await upload(), await upload()];
  const set = (mediaId: string | null) => avatars.set({ userId: 'u_ada', mediaId });
  t.deepEqual(await set(first), success(null));
  const remove = (mediaId: string) => call('media.remove', { caller: ADA, mediaId });
  t.like(await remove(first), { code: 'media-in-use', detail: 'It is used by the profile.' });
  t.deepEqual(await set(second), success(null));
  t.deepEqual(await remove(first), success(null));
  t.like(await set(first), { code: 'invalid-request' });
  t.like(await set((await readyMedia(harness)).id), { code: 'invalid-request' });
  t.deepEqual(await set(null), success(null));
  t.deepEqual(await remove(second), success(null));
});

test('M2: media of a product whose drops are older than its mark are public', async (t) => {
  const harness = await start(t);
  const { call, stores } = harness;
  const { id: productId } = await productWith(harness, []);
  await stores.catalogue.putDrops([drop('d_old', { productId, creatorId: 'u_ada' })]);
  const { id: mediaId } = await readyMedia(harness);
  const change = { mediaIds: [mediaId] };
  const changed = valueOf(await call('products.change', { caller: ADA, productId, change }));
  t.like(changed, { hasPrivateMedia: undefined, media: [{ id: mediaId }] });
  t.like(await call('media.view', { caller: null, mediaId }), { value: { visibility: 'public' } });
});
