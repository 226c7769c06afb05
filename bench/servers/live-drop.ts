// LiveDrops in a comparison of live servers: signed-in viewers of one drop, and orders that change
// its stock. Unlike the other servers, LiveDrops does all the work behind a frame, from the HTTP
// request to the fsync. Its times count from when the order is sent.

import { Latencies } from '../load/latencies.ts';
import type {
  RequestTimes,
  SendCommand,
  SubscriberPlan,
  Subscription,
} from '../load/live-subscribers.ts';
import { monotonicMs } from '../load/monotonic-clock.ts';
import type { LatencyPoint } from '../scenario.ts';
import type { PublishCommand } from './live-raw-server.ts';
import type { LiveNodes } from './live-nodes.ts';
import { type LiveServer, shares } from './live-server.ts';

const STOCK = 10_000_000;
const START_DELAY_MS = 1_000;
const UPCOMING_MS = 3_600_000;
const SNAPSHOT = '{"type":"drop.snapshot"';

export interface OrdersPlan {
  readonly orders: number;
  readonly intervalMs: number;
}

export interface PlacedOrders {
  readonly requestedAt: RequestTimes;
  /** From sending an order to its answer. */
  readonly answers: readonly LatencyPoint[];
}

/** A drop that will start, and the messages with which viewers subscribe and unsubscribe. */
export interface NextDrop {
  readonly id: string;
  readonly subscribe: SendCommand;
  readonly unsubscribe: SendCommand;
}

export interface LiveDropOptions {
  readonly nodes: LiveNodes;
  /** How its viewers listen: by the live stream unless given. */
  readonly by?: 'live stream' | 'GraphQL';
}

export class LiveDrop implements LiveServer {
  readonly key: string;
  readonly label: string;
  readonly role = 'livedrops';
  readonly #by: 'live stream' | 'GraphQL';
  readonly #nodes: LiveNodes;
  #dropId = '';
  #buyers = 0;

  constructor({ nodes, by = 'live stream' }: LiveDropOptions) {
    this.#nodes = nodes;
    this.#by = by;
    this.key = by === 'GraphQL' ? 'graphql' : 'livedrops';
    this.label = by === 'GraphQL' ? 'LiveDrops, GraphQL' : 'LiveDrops';
  }

  get about(): string {
    return this.#nodes.about;
  }

  async start(): Promise<void> {
    await this.#nodes.start();
    this.#dropId = await this.#nodes.sale.drop(STOCK);
  }

  subscriberPlans(connections: number): SubscriberPlan[] {
    const { gateways, sale } = this.#nodes;
    if (this.#by === 'GraphQL')
      return shares(connections, gateways.length).map((share, index) => {
        return { ...gateways[index]!, ...graphQLSubscription(this.#dropId), connections: share };
      });
    const hello = topicMessage('subscribe', this.#dropId);
    return shares(connections, gateways.length).map((share, index) => {
      const token = (_: unknown, i: number) => sale.token(`viewer-${index}-${i}`);
      const tokens = Array.from({ length: share }, token);
      const paths = tokens.map((one) => `/v1/notifications?access_token=${one}`);
      const subscription = { paths, hello, subscribedPrefix: SNAPSHOT, heartbeat: null };
      return { ...gateways[index]!, ...subscription, connections: share };
    });
  }

  async change({ frames, intervalMs }: PublishCommand): Promise<RequestTimes> {
    return (await this.placeOrders({ orders: frames, intervalMs })).requestedAt;
  }

  /** An order is timed from when it is sent, so that the append to the journal is included. */
  async placeOrders({ orders, intervalMs }: OrdersPlan): Promise<PlacedOrders> {
    const answers = new Latencies();
    const requestedAt: [number, number][] = [];
    const place = async (sentAt: number): Promise<void> => {
      this.#buyers += 1;
      const { version } = await this.#nodes.sale.order(this.#dropId, `buyer-${this.#buyers}`);
      answers.add(monotonicMs() - sentAt);
      requestedAt.push([version, sentAt]);
    };
    const placed: Promise<void>[] = [];
    const failures: unknown[] = [];
    const startedAt = monotonicMs();
    for (let i = 1; i <= orders; i++) {
      const waitMs = startedAt + i * intervalMs - monotonicMs();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
      placed.push(place(monotonicMs()).catch((error) => void failures.push(error)));
    }
    await Promise.all(placed);
    if (failures.length > 0) throw failures[0];
    return { requestedAt: requestedAt.toSorted(([a], [b]) => a - b), answers: answers.points() };
  }

  async nextDrop(): Promise<NextDrop> {
    const id = await this.#nodes.sale.drop(STOCK, UPCOMING_MS);
    return {
      id,
      subscribe: { type: 'send', text: topicMessage('subscribe', id), answerPrefix: SNAPSHOT },
      unsubscribe: {
        type: 'send',
        text: topicMessage('unsubscribe', id),
        answerPrefix: '{"type":"unsubscribed"',
      },
    };
  }

  /** The start is timed from the drop's start time, so that the owner's delay is included. */
  async startDrop(id: string): Promise<RequestTimes> {
    const startsAt = Date.now() + START_DELAY_MS;
    const startsAtMonotonic = monotonicMs() + startsAt - Date.now();
    const { version } = await this.#nodes.sale.reschedule(id, startsAt);
    return [[version + 1, startsAtMonotonic]];
  }

  cpuMicros(): number {
    return this.#nodes.cpuMicros();
  }

  residentBytes(): number {
    return this.#nodes.residentBytes();
  }

  async stop(): Promise<void> {
    await this.#nodes.stop();
  }
}

function topicMessage(type: 'subscribe' | 'unsubscribe', dropId: string): string {
  return JSON.stringify({ type, topic: `drop:${dropId}` });
}

/** All fields that a frame of the live stream has. */
function graphQLSubscription(dropId: string): Omit<Subscription, 'host' | 'port'> {
  const query = `subscription ($id: ID!) { dropChanged(id: $id) { type at drop {
    restId version status soldOut stocked held sold free startsAt endsAt
    unitAmount { amount currency } access paused revision
  } } }`;
  const payload = { query, variables: { id: dropId } };
  return {
    paths: ['/v1/graphql'],
    protocol: 'graphql-transport-ws',
    hello: [
      JSON.stringify({ type: 'connection_init' }),
      JSON.stringify({ id: '1', type: 'subscribe', payload }),
    ],
    subscribedPrefix: '{"id":"1","type":"next"',
    heartbeat: null,
  };
}
