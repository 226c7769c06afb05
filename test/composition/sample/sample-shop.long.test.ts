// The sample shop on a real server.

import sharp from 'sharp';
import test from 'ava';
import { BOOK, LAMP, PIN, PRINT, RUNNERS, TEAPOT } from '../../../composition/sample/goods.ts';
import { draw } from '../../../composition/sample/picture.ts';
import { makeSampleShop } from '../../../composition/sample/sample-shop.ts';
import { eventually } from '../../end-to-end/sale-client.ts';
import { startSearchServer } from '../../end-to-end/search-server.ts';

test('U1: pictures of sample goods are pictures, each with its shapes', async (t) => {
  for (const { name, drawing } of [LAMP, RUNNERS, PRINT, TEAPOT, BOOK, PIN]) {
    const picture = sharp(await (await draw(drawing)).arrayBuffer());
    t.like(await picture.metadata(), { format: 'jpeg', width: 1200, height: 900 });
    const { channels } = await picture.stats();
    const bare = sharp(await (await draw({ ...drawing, shapes: '' })).arrayBuffer());
    const { channels: ground } = await bare.stats();
    t.true(Math.abs(channels[0]!.mean - ground[0]!.mean) > 1, name);
  }
});

test('U1: the sample shop has drops that are live, that come and that end', async (t) => {
  t.timeout(240_000);
  const server = await startSearchServer('embedded');
  t.teardown(() => server.stop());
  const [url] = server.urls;
  const made = await makeSampleShop(url!);
  t.is(made.drops, 6);
  // The server has no media here.
  await made.pictures;
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
