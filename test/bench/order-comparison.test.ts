import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { RequestPlan } from '../../bench/load/request-plan.ts';
import { OrderComparison, ceilingFindings } from '../../bench/order-comparison.ts';
import type { Role } from '../../bench/scenario.ts';
import type { OrderServer } from '../../bench/servers/order-server.ts';

/** Answers with one status until told otherwise, in this process. */
class MadeUpServer implements OrderServer {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about = 'made up';
  status: number;
  stopped = 0;
  readonly #server = createServer((request, response) => {
    request.resume();
    response.writeHead(this.status).end('{}');
  });

  constructor({ key, role, status }: { key: string; role: Role; status: number }) {
    this.key = key;
    this.label = `the ${key}`;
    this.role = role;
    this.status = status;
  }

  async start(): Promise<void> {
    if (this.status === 0) throw new Error('its program is missing');
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  drop(): Promise<RequestPlan> {
    const { port } = this.#server.address() as AddressInfo;
    return Promise.resolve({ host: '127.0.0.1', port, paths: ['/'], tokens: ['ann'], body: '{}' });
  }

  cpuMicros(): number {
    return process.cpuUsage().user;
  }

  residentBytes(): number {
    return 0;
  }

  stop(): Promise<void> {
    this.stopped += 1;
    this.#server.close().closeAllConnections();
    return Promise.resolve();
  }
}

const ADMIT = {
  prepare: (server: OrderServer) => server.drop(1),
  connections: 2,
  warmUpSeconds: 0.1,
};

function comparison(t: ExecutionContext): OrderComparison {
  const made = new OrderComparison({
    rounds: 2,
    seconds: 0.1,
    log: () => undefined,
    status: '201',
  });
  t.teardown(() => made.stop());
  return made;
}

test('every server is measured once in each round and compared', async (t) => {
  const compared = comparison(t);
  const own = await compared.admit(
    new MadeUpServer({ key: 'own', role: 'livedrops', status: 201 }),
    ADMIT,
  );
  const ceiling = await compared.admit(
    new MadeUpServer({ key: 'ceiling', role: 'ceiling', status: 201 }),
    ADMIT,
  );
  let rounds = 0;
  await compared.measureRounds(() => {
    rounds += 1;
    return Promise.resolve();
  });
  t.is(rounds, 2);
  t.deepEqual(
    compared.subjects().map(({ key, samples }) => [key, samples.length]),
    [
      ['own', 2],
      ['ceiling', 2],
    ],
  );
  const [byRate] = ceilingFindings(own, ceiling, 0.6);
  const rate = own.samples[1]!.figures['perSecond']! / ceiling.samples[1]!.figures['perSecond']!;
  t.is(byRate!.samples[1], rate);
  t.is(byRate!.aim, 0.6);
});

test('a peer that does not run or gives wrong answers is excluded with a note', async (t) => {
  const compared = comparison(t);
  const own = await compared.admit(
    new MadeUpServer({ key: 'own', role: 'livedrops', status: 201 }),
    ADMIT,
  );
  const missing = new MadeUpServer({ key: 'missing', role: 'peer', status: 0 });
  const failing = new MadeUpServer({ key: 'failing', role: 'peer', status: 201 });
  const good = new MadeUpServer({ key: 'good', role: 'peer', status: 201 });
  const peers = await compared.admitPeers([missing, failing, good], ADMIT);
  t.is(peers.length, 2);
  await compared.measureRounds(() => {
    failing.status = 500;
    return Promise.resolve();
  });
  t.deepEqual(
    compared.subjects().map(({ key }) => key),
    ['own', 'good'],
  );
  t.deepEqual([missing.stopped, failing.stopped, good.stopped], [1, 1, 0]);
  const notes = compared.notes(own);
  t.regex(notes[0]!, /Left out: the missing: its program is missing/);
  t.regex(notes[1]!, /Left out: the failing: .* were not answered 201/);
  t.deepEqual(
    compared.factors(own, peers).map(({ label, samples }) => [label, samples.length]),
    [['rate, times the good', 2]],
  );
});

test('the notes name the figures in which a peer is better', async (t) => {
  const compared = comparison(t);
  const own = await compared.admit(
    new MadeUpServer({ key: 'own', role: 'livedrops', status: 201 }),
    ADMIT,
  );
  const peer = new MadeUpServer({ key: 'peer', role: 'peer', status: 201 });
  const [theirs] = await compared.admitPeers([peer], ADMIT);
  const figures = { perSecond: 100, p50Ms: 2, p99Ms: 9, cpuMicros: 50, loadPercent: 10 };
  own.samples.push({ figures: { ...figures, loadPercent: 95 } });
  theirs!.samples.push({ figures: { ...figures, perSecond: 101, p50Ms: 3, p99Ms: 8.5 } });
  t.deepEqual(compared.notes(own), [
    'the own: the load had no time to spare on its core; it may be the limit.',
    'the own loses to the peer: answers 100 against 101 orders/s, p99 9.00 against 8.50 ms.',
  ]);
});

test('a wrong answer of LiveDrops ends the comparison', async (t) => {
  const own = new MadeUpServer({ key: 'own', role: 'livedrops', status: 503 });
  await t.throwsAsync(comparison(t).admit(own, ADMIT), { message: /were not answered 201/ });
});
