// Measures how long a change through one gateway is not seen through another (C3): a cluster of two
// nodes, a product that both gateways have in their caches, and reads of the second one until they
// show what the first one changed. Needs redis-server and nats-server.
// Run: node_modules/.bin/node bench/probes/cache-staleness.ts

import { ClusterServers, missingServers } from '../servers/cluster-servers.ts';
import { Latencies } from '../load/latencies.ts';

const CHANGES = 300;
const CREATOR = 'bench-creator';
const SEEN_MAX_MS = 15_000;

const missing = missingServers();
if (missing !== null) throw new Error(missing);
const everything = 'gateway,actors,services';
const cluster = new ClusterServers({ roles: [everything, everything] });
await cluster.start();
try {
  const path = `/v1/products/${await cluster.product(CREATOR)}`;
  const [first, second] = cluster.supervisor.nodes.map(({ url }) => url) as [string, string];
  const headers = {
    authorization: `Bearer ${cluster.token(CREATOR)}`,
    'content-type': 'application/json',
  };
  const nameNow = async () => {
    return ((await (await fetch(second + path)).json()) as { name: string }).name;
  };
  const stale = new Latencies();
  let seenAtOnce = 0;
  for (let i = 0; i < CHANGES; i++) {
    await nameNow();
    const name = `Sneaker ${i}`;
    const body = JSON.stringify({ name });
    const changed = await fetch(first + path, { method: 'PATCH', headers, body });
    if (changed.status !== 200) throw new Error(await changed.text());
    await changed.arrayBuffer();
    const from = performance.now();
    let reads = 1;
    while ((await nameNow()) !== name) {
      reads += 1;
      if (performance.now() - from > SEEN_MAX_MS) throw new Error(`${name} was not seen`);
    }
    stale.add(performance.now() - from);
    if (reads === 1) seenAtOnce += 1;
  }
  const { p50Ms, p99Ms, maxMs } = stale.spread();
  const times = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)).join(', ');
  process.stdout.write(
    `${CHANGES} changes, ${seenAtOnce} seen by the first read; ` +
      `until seen, the read included: p50, p99, longest ${times} ms\n`,
  );
} finally {
  await cluster.stop();
}
