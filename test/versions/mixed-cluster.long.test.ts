// A rolling upgrade from an earlier commit with a sale going on: three nodes of that commit's tree
// and today's, until the last of them is of today's.

import test from 'ava';
import { SAFE_MS } from '../../actors/cluster/feature-level.ts';
import { FEATURE_LEVEL } from '../../storage/ports/feature-level.ts';
import { LiveClient } from '../end-to-end/live-client.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { MixedCluster } from './mixed-cluster.ts';
import { checkOut, OLD_VERSIONS } from './old-checkout.ts';

const RISE_MAX_MS = SAFE_MS + 20_000;
const ORDER_PAUSE_MS = 20;

/** Buys through every gateway in turn until it is ended. */
class Shopping {
  readonly #shopping: Promise<void>;
  #ended = false;
  made = 0;

  constructor(cluster: MixedCluster, drops: readonly string[]) {
    this.#shopping = this.#shop(cluster, drops);
    // Seen by `end`.
    this.#shopping.catch(() => undefined);
  }

  async end(): Promise<number> {
    this.#ended = true;
    await this.#shopping;
    return this.made;
  }

  async #shop(cluster: MixedCluster, drops: readonly string[]): Promise<void> {
    for (let turn = 0; !this.#ended; turn++) {
      const via = cluster.nodeIds[turn % cluster.nodeIds.length]!;
      const dropId = drops[Math.floor(turn / cluster.nodeIds.length) % drops.length]!;
      try {
        await cluster.order(via, dropId, `shopper${turn % 7}`, `key${turn}`);
      } catch (error) {
        // Its gateway has ended: the buyer asks another one with the same key.
        if (cluster.nodeIds.includes(via)) throw error;
        await cluster.order(cluster.nodeIds[0]!, dropId, `shopper${turn % 7}`, `key${turn}`);
      }
      this.made += 1;
      await new Promise((resolve) => setTimeout(resolve, ORDER_PAUSE_MS));
    }
  }
}

for (const earlier of OLD_VERSIONS) {
  const { commit, level: oldLevel, hasStoredNames } = earlier;
  const checkout = clusterInstalled ? checkOut(commit) : null;
  if (checkout === null) {
    test.skip(`needs redis-server, nats-server and the git history with ${commit}`, (t) =>
      t.pass());
    continue;
  }
  test.after.always(() => checkout.remove());
  const old = { tree: checkout.directory, hasStoredNames };
  /** A store begins at the level of its first node; none is written for 0. */
  const storeLevel = oldLevel === 0 ? null : String(oldLevel);

  const short = commit.slice(0, 7);
  const title = `a rolling upgrade from ${short} sells on, loses nothing, raises the level`;
  test.serial(title, async (t) => {
    t.timeout(600_000);
    const cluster = await MixedCluster.start();
    t.teardown(() => cluster.stop());
    await cluster.startNode('west', old);
    await cluster.whole();
    const first = await cluster.dropOn('west', 'west');
    await cluster.order('west', first, 'ann', 'before');
    await Promise.all([cluster.startNode('north'), cluster.startNode('south')]);
    await cluster.whole();
    const mixedSince = performance.now();
    const drops = [
      first,
      await cluster.dropOn('west', 'north'),
      await cluster.dropOn('north', 'west'),
      await cluster.dropOn('south', 'south'),
    ];
    const shopping = new Shopping(cluster, drops);

    // Live streams through gateways of both versions, of drops that both versions serve.
    for (const via of ['west', 'north']) {
      for (const [index, dropId] of drops.entries()) {
        const live = await LiveClient.visit(t, cluster.client(via), dropId);
        const { version = 0 } = await live.next((frame) => frame.version !== undefined);
        await cluster.order('south', dropId, 'ann', `seen-${via}-${index}`);
        await live.next((frame) => (frame.version ?? 0) > version);
        await live.leave();
      }
    }
    const ann = await LiveClient.listen(t, cluster.client('west'), 'ann');
    const orderId = await cluster.order('north', drops[3]!, 'ann', 'told');
    await ann.next(({ data }) => data?.['orderId'] === orderId);
    await ann.leave();

    // Moves from the old version to the new one and back, while it sells.
    await cluster.move(drops[1]!, 'north');
    await cluster.move(drops[2]!, 'west');
    await cluster.move(drops[1]!, 'west');
    await cluster.move(drops[2]!, 'south');
    const moves = await cluster.moves();
    for (const [from, to] of [
      ['west', 'north'],
      ['north', 'west'],
      ['west', 'south'],
    ]) {
      t.true(
        moves.some((move) => move.from === from && move.to === to && move.result === 'done'),
        `${from} to ${to}`,
      );
    }
    t.deepEqual(
      moves.filter(({ result }) => result !== 'done'),
      [],
    );
    const levels = Object.fromEntries(
      (await cluster.nodes('north')).map(({ nodeId, level = 0 }) => [nodeId, level]),
    );
    t.deepEqual(levels, { north: FEATURE_LEVEL, south: FEATURE_LEVEL, west: oldLevel });

    await eventually(
      async () => performance.now() - mixedSince,
      (ms) => ms > SAFE_MS + 3_000,
      SAFE_MS + 4_000,
    );
    t.is(await cluster.storeLevel(), storeLevel, 'an old node lives, so the level stays');
    t.deepEqual(await cluster.findings('north'), []);

    t.is(await cluster.stopNode('west'), 0);
    await cluster.whole();
    await cluster.startNode('west');
    await cluster.whole();
    const level = await eventually(
      () => cluster.storeLevel(),
      (seen) => seen !== storeLevel,
      RISE_MAX_MS,
    );
    t.is(level, String(FEATURE_LEVEL));
    await t.throwsAsync(cluster.startNode('east', old), { message: earlier.tooNew });
    for (const via of cluster.nodeIds) {
      await cluster.order(via, first, 'ann', `after-${via}`);
    }
    t.true((await shopping.end()) > 100);
    for (const via of cluster.nodeIds) t.deepEqual(await cluster.findings(via), []);
  });
}
