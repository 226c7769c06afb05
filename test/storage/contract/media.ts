// What every driver of the media must do.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import type { Media } from '../../../contracts/media.ts';
import { ID_RANDOM_BYTES, makeId } from '../../../domain/ids.ts';
import type { MediaStore } from '../../../storage/ports/media.ts';

const ROOM = { countMax: 100, bytesMax: 1_000_000 };

function mediaOf(ownerId: string, change: Partial<Media> = {}): Media {
  return {
    id: makeId('m', 5, randomBytes(ID_RANDOM_BYTES)),
    ownerId,
    purpose: 'product',
    filename: 'lamp.jpg',
    bytes: 1_000,
    status: 'uploading',
    reason: null,
    createdAt: 5,
    expiresAt: 9,
    revision: 1,
    content: null,
    ...change,
  };
}

export function mediaContract(store: () => MediaStore): void {
  async function added(ownerId: string, change: Partial<Media> = {}): Promise<Media> {
    const result = await store().add(() => mediaOf(ownerId, change), ROOM);
    if (typeof result === 'string') throw new Error(result);
    return result;
  }

  test('M1: a medium is found as it was stored, and replaced as a whole', async (t) => {
    const media = await added('u_find');
    t.deepEqual(await store().find(media.id), media);
    t.is(await store().find('m_unknown'), null);
    const after: Media = {
      ...media,
      revision: 2,
      status: 'ready',
      expiresAt: null,
      content: {
        kind: 'image',
        type: 'image/webp',
        sha256: 'a'.repeat(64),
        width: 10,
        height: 20,
        preview: 'data:image/webp;base64,AA==',
        variants: [
          { name: 'w160-1', type: 'image/avif', width: 10, height: 20, bytes: 7, url: '/m/x' },
        ],
      },
    };
    t.true(await store().replace(media, after));
    t.deepEqual(await store().find(media.id), after);
    t.true(await store().replace(after, null));
    t.is(await store().find(media.id), null);
  });

  test('M1: media are found together by their ids, and by their owner', async (t) => {
    const [first, second] = [await added('u_many'), await added('u_many')];
    const other = await added('u_single');
    const found = await store().findAll([second.id, 'm_unknown', other.id, first.id]);
    t.deepEqual([...found.keys()].toSorted(), [first.id, second.id, other.id].toSorted());
    t.deepEqual(found.get(other.id), other);
    t.is((await store().findAll([])).size, 0);
    const own = await store().ofOwner('u_many', 10);
    t.deepEqual(own.map(({ id }) => id).toSorted(), [first.id, second.id].toSorted());
    t.is((await store().ofOwner('u_many', 1)).length, 1);
    for (const media of own) t.true(await store().replace(media, null));
    t.deepEqual(await store().ofOwner('u_many', 10), []);
  });

  test('M1: of two changes of one revision one is made', async (t) => {
    const media = await added('u_twice');
    const changes = ['processing', 'refused'].map((status) =>
      store().replace(media, { ...media, status: status as Media['status'], revision: 2 }),
    );
    t.is((await Promise.all(changes)).filter((done) => done).length, 1);
    t.false(await store().replace(media, null));
    t.not(await store().find(media.id), null);
  });

  test('M1: a quota counts media and bytes by owner, and gives back what is removed', async (t) => {
    const two = { countMax: 2, bytesMax: 2_500 };
    const add = (ownerId: string, bytes: number, quota = two) =>
      store().add(() => mediaOf(ownerId, { bytes }), quota);
    const first = (await add('u_quota', 1_000)) as Media;
    t.is(await add('u_quota', 1_501), 'too-large');
    t.is(typeof (await add('u_quota', 1_500)), 'object');
    t.is(await add('u_quota', 0), 'too-many');
    t.is(typeof (await add('u_other', 2_500)), 'object');
    t.true(await store().replace(first, null));
    t.is(await add('u_quota', 1_001), 'too-large');
    t.is(typeof (await add('u_quota', 1_000)), 'object');
  });

  test('M1: of a refused medium no bytes count', async (t) => {
    const media = await added('u_refused', { bytes: ROOM.bytesMax });
    t.is(await store().add(() => mediaOf('u_refused'), ROOM), 'too-large');
    const refused: Media = { ...media, status: 'refused', reason: 'broken', revision: 2 };
    t.true(await store().replace(media, refused));
    const second = await added('u_refused', { bytes: ROOM.bytesMax });
    t.true(await store().replace(refused, null));
    t.is(await store().add(() => mediaOf('u_refused'), ROOM), 'too-large');
    t.true(await store().replace(second, null));
  });

  test('M4: uploads that were not finished in time are found, of one owner or of all', async (t) => {
    const at = 1_000_000;
    const late = await added('u_late', { expiresAt: at });
    const other = await added('u_late_too', { expiresAt: at - 5 });
    await added('u_late', { expiresAt: at + 1 });
    const received = await added('u_late', { expiresAt: at });
    const processing: Media = { ...received, status: 'processing', expiresAt: null, revision: 2 };
    t.true(await store().replace(received, processing));
    const ids = async (before: number, limit: number, ownerId?: string) =>
      (await store().expired(before, limit, ownerId)).map(({ id }) => id).toSorted();
    t.deepEqual(await ids(at, 10, 'u_late'), [late.id]);
    t.deepEqual(await ids(at - 1, 10, 'u_late'), []);
    const all = await ids(at, 1_000);
    t.true(all.includes(late.id) && all.includes(other.id));
    t.false(all.includes(received.id));
    t.is((await ids(at, 1)).length, 1);
    t.true(await store().replace(late, null));
    t.deepEqual(await ids(at, 10, 'u_late'), []);
    t.deepEqual(await ids(at, 10, 'u_late_too'), [other.id]);
    t.true(await store().replace(other, null));
  });

  test('M1: of uploads at the same time the quota lets in as many as fit', async (t) => {
    const quota = { countMax: 100, bytesMax: 5_000 };
    const all = await Promise.all(
      Array.from({ length: 12 }, () => store().add(() => mediaOf('u_crowd'), quota)),
    );
    t.is(all.filter((one) => typeof one === 'object').length, 5);
  });
}
