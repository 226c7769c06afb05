// `livedrops media`: a picture or a film of anybody is shown, or removed.

import test from 'ava';
import type { Media } from '../../contracts/media.ts';
import { mediaText, removedText } from '../../operator/media.ts';
import type { Media as MediaBody } from '../../sdk/api.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

const SHA256 = 'a'.repeat(64);
const MEDIA: Media = {
  id: 'm_1',
  ownerId: 'u_ann',
  purpose: 'product',
  filename: 'lamp.jpg',
  bytes: 1_000,
  status: 'ready',
  reason: null,
  createdAt: 5,
  expiresAt: null,
  revision: 3,
  content: {
    kind: 'image',
    type: 'image/jpeg',
    sha256: SHA256,
    width: 20,
    height: 10,
    preview: null,
    variants: [
      {
        name: 'w160-1',
        type: 'image/webp',
        width: 20,
        height: 10,
        bytes: 70,
        url: `/m/${SHA256}/w160-1.webp`,
      },
    ],
  },
};

test('M4: a medium prints with its owner, its content and where its variants are', (t) => {
  const body = {
    ...MEDIA,
    createdAt: '2027-01-15T08:00:00.000Z',
    reason: undefined,
  } as unknown as MediaBody;
  t.is(
    mediaText(body),
    `m_1 of u_ann: product, ready, 1000 bytes\n` +
      `image/jpeg, 20 x 10, SHA-256 ${SHA256}\n/m/${SHA256}/w160-1.webp\n`,
  );
  t.regex(removedText(body), /^m_1 of u_ann is removed\n[^]*purge \/m\/a{64}\/ there/);
  const uploading = { ...body, status: 'uploading' as const, content: undefined };
  t.is(removedText(uploading as unknown as MediaBody), 'm_1 of u_ann is removed\n');
});

test('M4: an operator removes a medium of anybody, and it is recorded with its reason', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  gateway.cluster.media.set(MEDIA.id, MEDIA);
  const run = (...args: string[]) =>
    runCommand(['media', ...args, '--url', gateway.url, '--token', TOKEN]);
  const shown = await run('show', 'm_1', '--json');
  t.is(shown.code, 0, shown.stderr);
  t.like(JSON.parse(shown.stdout), { id: 'm_1', ownerId: 'u_ann', content: { sha256: SHA256 } });
  t.is(gateway.cluster.media.size, 1);
  const removed = await run('remove', 'm_1', '--reason', 'a fake');
  t.is(removed.code, 0, removed.stderr);
  t.regex(removed.stdout, /^m_1 of u_ann is removed\n/);
  t.is(gateway.cluster.media.size, 0);
  const again = await run('remove', 'm_1');
  t.is(again.code, 1);
  t.regex(again.stderr, /There is no picture or film m_1/);
  t.deepEqual(
    gateway.cluster.log.actions.map(({ action, params, result }) => [action, params, result]),
    [
      ['remove-media', { mediaId: 'm_1', reason: 'a fake' }, "Removed: it was u_ann's, and ready."],
      [
        'remove-media',
        { mediaId: 'm_1', reason: null },
        'Refused: There is no picture or film m_1.',
      ],
    ],
  );
});

test('M4: only operators remove media, and auditors see them', async (t) => {
  const { cluster } = await startPretendGateway(t, ['node-1']);
  cluster.media.set(MEDIA.id, MEDIA);
  const { OperatorMedia } = await import('../../app/operator/media.ts');
  const media = new OperatorMedia(cluster.options);
  const as = (...roles: string[]) => ({ caller: { userId: 'u_7', roles }, mediaId: 'm_1' });
  t.like(await media.get(as('auditor')), { ok: true });
  t.like(await media.get(as('creator')), { ok: false, code: 'forbidden' });
  for (const role of ['auditor', 'creator'])
    t.like(await media.remove(as(role)), { ok: false, code: 'forbidden' });
  t.is(cluster.media.size, 1);
  // One that changes at the same moment is removed as it is then.
  let changes = 0;
  const changing = new OperatorMedia({
    ...cluster.options,
    media: {
      ...cluster.options.media,
      replace: async (before, after) => {
        if (changes++ === 0) cluster.media.set('m_1', { ...MEDIA, revision: 4 });
        return await cluster.options.media.replace(before, after);
      },
    },
  });
  t.like(await changing.remove(as('operator')), { ok: true, value: { revision: 4 } });
  t.is(cluster.media.size, 0);
});
