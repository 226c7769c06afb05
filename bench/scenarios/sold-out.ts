// A storm on an empty drop, which is what most buyers of a celebrity drop meet: every request is
// refused, beside the bare server answering as many bytes and what people would build instead.

import { headersFor, type RequestPlan } from '../load/request-plan.ts';
import { ORDER_FIGURES } from '../measure.ts';
import { OrderComparison, p99Finding, profileNotes, ceilingFindings } from '../order-comparison.ts';
import {
  type CommonOptions,
  counted,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';
import { orderPeers } from '../servers/order-peers.ts';
import type { OrderServer } from '../servers/order-server.ts';
import { RawOrderServer } from '../servers/raw-order-server.ts';

const WARM_UP_SECONDS = 10;
const OTHERS_WARM_UP_SECONDS = 5;
const CEILING_AIM = 0.85;

export interface SoldOutOptions extends CommonOptions {
  readonly connections: number;
}

export const soldOut: Scenario<SoldOutOptions> = {
  name: 'sold-out',
  description: 'a storm on an empty drop, beside the bare server and the peers',
  options: [counted('--connections <n>', 'keep-alive connections', 64)],
  defaults: { rounds: 5, seconds: 2 },
  run,
};

async function run(options: SoldOutOptions, log: Log): Promise<ScenarioReport> {
  const { connections, rounds, seconds } = options;
  const comparison = new OrderComparison({ ...options, log, status: '409' });
  try {
    const admit = { prepare: emptyDrop, connections, warmUpSeconds: WARM_UP_SECONDS };
    const admitOther = { ...admit, warmUpSeconds: OTHERS_WARM_UP_SECONDS };
    const own = await comparison.admit(new LiveDropsOrderServer(options), admit);
    const { bytesPerAnswer } = own.contender;
    const raw = new RawOrderServer({ bytesPerAnswer, status: '409' });
    const prepare = (server: OrderServer) => server.drop(1);
    const ceiling = await comparison.admit(raw, { ...admitOther, prepare });
    const peers = await comparison.admitPeers(options.peers ? orderPeers() : [], admitOther);
    await comparison.measureRounds();
    return {
      name: soldOut.name,
      title: 'Sold out',
      method: METHOD,
      settings: { rounds, seconds, connections },
      figures: ORDER_FIGURES.map((figure) => {
        return figure.key === 'perSecond' ? { ...figure, unit: 'answers/s' } : figure;
      }),
      subjects: comparison.subjects(),
      findings: [
        ...ceilingFindings(own, ceiling, CEILING_AIM),
        p99Finding(`p99 at ${connections} connections`, own.samples, null),
        ...comparison.factors(own, peers),
      ],
      notes: [...comparison.notes(own), ...profileNotes(options)],
    };
  } finally {
    await comparison.stop();
  }
}

/** A drop of one unit, which is sold. */
async function emptyDrop(server: OrderServer): Promise<RequestPlan> {
  const plan = await server.drop(1);
  const response = await fetch(`http://${plan.host}:${plan.port}${plan.paths[0]!}`, {
    method: 'POST',
    headers: headersFor(plan, plan.tokens[0]!, 'the-only-unit'),
    body: plan.body,
  });
  if (response.status !== 201)
    throw new Error(`the only unit was not sold: ${response.status} ${await response.text()}`);
  return plan;
}

const METHOD =
  'A drop of one unit that is sold gets the same requests as a hot one: every one of them is ' +
  'refused with 409. LiveDrops answers from a copy of the durable state of the drop at its ' +
  'gateway, once no earlier order can be under that key; the ceiling answers with the same ' +
  'status and as many bytes. All are warmed up and stay up, and are measured in turns, round by ' +
  'round.';
