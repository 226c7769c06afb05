// The routes of pictures and films over real HTTP, with fakes behind them.

import test from 'ava';
import type { Media } from '../../contracts/media.ts';
import { success } from '../../domain/refusal.ts';
import { NOW, startFixture } from './fixture.ts';

const LAMP: Media = {
  id: 'm_1',
  ownerId: 'creator',
  purpose: 'product',
  filename: 'lamp.jpg',
  bytes: 1_000,
  status: 'ready',
  reason: null,
  createdAt: NOW,
  expiresAt: null,
  revision: 3,
  content: {
    kind: 'image',
    type: 'image/jpeg',
    sha256: 'a'.repeat(64),
    width: 3,
    height: 2,
    preview: null,
    variants: [
      {
        name: 'w160-1',
        type: 'image/avif',
        width: 3,
        height: 2,
        bytes: 9,
        url: '/m/a/w160-1.avif',
      },
    ],
  },
};

const MEDIA_ORIGIN = {
  origin: () => 'https://media.example',
  sign: (path: string) => `${path}?signed`,
};

test('M1: anybody sees what a picture is, and where its variants are', async (t) => {
  const fixture = await startFixture(t, { media: MEDIA_ORIGIN });
  fixture.actions['media.view'] = () => success({ ...LAMP, visibility: 'public' });
  const { status, json } = await fixture.request('GET', '/v1/media/m_1');
  t.is(status, 200);
  t.deepEqual(json, {
    id: 'm_1',
    ownerId: 'creator',
    purpose: 'product',
    bytes: 1_000,
    status: 'ready',
    createdAt: new Date(NOW).toISOString(),
    visibility: 'public',
    content: {
      ...LAMP.content,
      variants: [{ ...LAMP.content!.variants[0], url: 'https://media.example/m/a/w160-1.avif' }],
    },
  });
});

test('M1: where uploads go is told, once there is such a place', async (t) => {
  let origin: string | null = null;
  const fixture = await startFixture(t, {
    media: { ...MEDIA_ORIGIN, origin: () => origin },
  });
  const none = await fixture.request('GET', '/v1/uploads');
  t.like(none, { status: 503, json: { code: 'unavailable' } });
  origin = 'https://media.example';
  const { status, json } = await fixture.request('GET', '/v1/uploads');
  t.is(status, 200);
  t.deepEqual(json, { url: 'https://media.example/v1/uploads' });
});

test('M1: the owner removes it', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['media.remove'] = () => success(null);
  t.is((await fixture.request('DELETE', '/v1/media/m_1')).status, 401);
  t.is((await fixture.request('DELETE', '/v1/media/m_1', { as: 'creator' })).status, 204);
  t.like(fixture.calls.at(-1), { action: 'media.remove', params: { mediaId: 'm_1' } });
});
