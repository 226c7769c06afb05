// The sample shop on a real server.

import sharp from 'sharp';
import test from 'ava';
import { SAMPLE_CREATORS } from '../../../operator/sample/goods.ts';
import { drawPng } from '../../../operator/sample/picture.ts';
import { makeSampleShop } from '../../../operator/sample/sample-shop.ts';
import { eventually } from '../../end-to-end/sale-client.ts';
import { startSearchServer } from '../../end-to-end/search-server.ts';

test('U1: pictures of the sample shop are pictures', async (t) => {
  for (const { products } of SAMPLE_CREATORS) {
    for (const { drawing } of products) {
      const { data, info } = await sharp(drawPng(drawing, 64)).raw().toBuffer({
        resolveWithObject: true,
      });
      t.like(info, { width: 64, height: 64, channels: 3 });
      const isInk = (x: number, y: number) =>
        drawing.ink.every((value, i) => data[(y * 64 + x) * 3 + i] === value);
      t.false(isInk(0, 0));
      t.true(
        Array.from({ length: 64 }, (_, x) => x).some((x) => isInk(x, 32)),
        'there is a shape',
      );
    }
  }
});

test('U1: the sample shop has drops that are live, that come and that end', async (t) => {
  t.timeout(240_000);
  const server = await startSearchServer('embedded');
  t.teardown(() => server.stop());
  const [url] = server.urls;
  const made = await makeSampleShop(url!);
  t.is(made.drops, 6);
  for (const [status, count] of [
    ['live', 3],
    ['upcoming', 2],
    ['ended', 1],
  ] as const) {
    const { json } = await eventually(
      () => server.get(`/v1/search?type=drops&status=${status}`),
      (answer) => (answer.json['items'] as object[]).length === count,
      60_000,
    );
    t.truthy(json, status);
  }
  const body = { email: made.email, password: made.password };
  t.is((await server.post('/v1/auth/login', { body })).status, 200);
});
