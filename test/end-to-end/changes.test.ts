// The outside stream of a whole server: what was acknowledged is in it, whichever gateway serves
// it.

import { Value } from 'typebox/value';
import { STREAM_LINES, type StreamKind } from '../../contracts/changes.ts';
import { onEachProfile } from './profiles.ts';
import { eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

/** Nodes of a new cluster announce themselves, and one of them looks for what is to be copied. */
const CHANGES_WRITTEN_MAX_MS = 60_000;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
    // A new cluster writes changes once all of its nodes have announced that they read them.
    const token = server.token('boss', 3600, ['operator']);
    await eventually(
      async () => {
        const product = await server.product('early');
        const lines = await read('start', token);
        return lines.some((line) => line['productId'] === product && 'sequence' in line);
      },
      (written) => written,
      CHANGES_WRITTEN_MAX_MS,
    );
  });
  test.after.always(() => server?.stop());

  const read = (from: string, token: string) => server.lines(`/v1/changes?from=${from}`, { token });

  const positionOf = (lines: readonly Json[]) => String(lines.at(-1)!['position']);

  test('C1: what was acknowledged is in the stream, and goes on from any gateway', async (t) => {
    const operator = server.token('boss', 3600, ['operator']);
    const creator = await server.register('Ada');
    const buyer = await server.register('Bob');
    const before = positionOf(await read('now', operator));
    const drop = await server.drop(creator.id, { stock: 20, limitPerUser: 20 });
    const product = String((await server.readDrop(drop))['productId']);
    await server.post(`/v1/creators/${creator.id}/follow`, { as: buyer.id });
    const orders: string[] = [];
    let middle = before;
    for (let i = 0; i < 6; i++) {
      const placed = await server.order(drop, buyer.id, `hidden-key-${i}`);
      t.is(placed.status, 201);
      orders.push(String(placed.json['id']));
      if (i === 2) middle = positionOf(await read('now', operator));
    }
    const lines = await read(before, operator);
    for (const line of lines) t.true(Value.Check(STREAM_LINES[line['kind'] as StreamKind], line));
    const own = lines.filter((line) => line['dropId'] === drop);
    const placed = own.filter(({ kind }) => kind === 'order-placed');
    t.deepEqual(
      placed.map(({ orderId, userId }) => [orderId, userId]),
      orders.map((orderId) => [orderId, buyer.id]),
    );
    t.deepEqual(
      own.map(({ dropVersion }) => dropVersion),
      own.map((_, i) => i + 1),
    );
    t.notRegex(JSON.stringify(lines), /hidden-key|@example\.com|argon2/);
    t.true(lines.some((line) => line['kind'] === 'product' && line['productId'] === product));
    t.true(lines.some((line) => line['kind'] === 'follow' && line['creatorId'] === creator.id));

    const rest = (await read(middle, operator)).filter((line) => line['dropId'] === drop);
    t.deepEqual(rest, own.slice(-rest.length));
    t.is(rest.filter(({ kind }) => kind === 'order-placed').length, 3);

    const token = server.token(creator.id, 3600, ['creator']);
    const shown = (await read(before, token)).filter(({ kind }) => kind !== 'position');
    t.deepEqual(
      shown.filter((line) => line['dropId'] === drop),
      own,
    );
    const others = shown.filter((line) => line['dropId'] !== drop);
    // Of different entities the order is that of time within a page, which may be the same.
    t.deepEqual(others.map(({ kind }) => String(kind)).toSorted(), ['follow', 'product']);
    t.true(
      others.every((line) => line['productId'] === product || line['creatorId'] === creator.id),
    );
  });
});
