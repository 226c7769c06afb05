// The client's stream of changes against a real server, through a proxy that cuts.

import test from 'ava';
import { followChanges } from '../../sdk/changes.ts';
import { LiveDrops } from '../../sdk/client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { FaultProxy } from './fault-proxy.ts';

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

test('G4: changes go on from the last position over cuts: nothing is left out', async (t) => {
  const creator = server.fresh('seller');
  const dropId = await server.drop(creator, { stock: 100, limitPerUser: 100 });
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const client = new LiveDrops({ url: proxy.url, token: server.token(creator, 3600, ['creator']) });
  const ending = new AbortController();
  const placed: string[] = [];
  const place = async (): Promise<void> => {
    const { json } = await server.order(dropId, 'buyer', `key ${placed.length}`.replace(' ', '-'));
    placed.push(String(json['id']));
  };
  await place();
  const versions: number[] = [];
  const seen = new Set<string>();
  let position = '';
  for await (const line of followChanges({ client, signal: ending.signal })) {
    if (line.kind === 'position') ({ position } = line);
    if (line.kind !== 'order-placed') continue;
    seen.add(line.orderId);
    versions.push(line.dropVersion);
    if (seen.size === 8) break;
    if (seen.size % 2 === 0) proxy.cutAll();
    await place();
  }
  t.deepEqual([...seen], placed);
  t.deepEqual([...new Set(versions)], versions.toSorted((a, b) => a - b).filter(isFirst));
  await place();
  const later = followChanges({ client, from: position, follow: false });
  const rest = await Array.fromAsync(later, (line) => ('orderId' in line ? line.orderId : ''));
  t.true(rest.includes(placed.at(-1)!));
  t.false(rest.includes(placed[0]!), 'what was before the position does not come again');
});

function isFirst<T>(value: T, index: number, all: readonly T[]): boolean {
  return all.indexOf(value) === index;
}

test('G4: a refusal ends the stream of changes, and so does its signal', async (t) => {
  const url = server.urls[0]!;
  const creator = server.fresh('seller');
  await server.drop(creator);
  const refused = followChanges({ client: new LiveDrops({ url }) });
  await t.throwsAsync(refused.next(), { name: 'ProblemError' });
  const wrong = new LiveDrops({ url, token: server.token(creator, 3600, ['creator']) });
  const error = await t.throwsAsync(followChanges({ client: wrong, from: 'nowhere' }).next());
  t.like(error, { code: 'invalid-request' });
  const reason = new Error('enough');
  const ending = new AbortController();
  const stream = followChanges({ client: wrong, from: 'now', signal: ending.signal });
  t.like((await stream.next()).value, { kind: 'position' });
  setTimeout(() => ending.abort(reason), 50);
  t.is(await t.throwsAsync(stream.next()), reason);
});
