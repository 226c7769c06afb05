// Measures the CPU time of a publish on a cluster's live bus, in the publisher and in nats-server:
// for a drop's view and for stored notifications of many users, without subscribers. Run:
// node_modules/.bin/node bench/probes/live-bus.ts

import pino from 'pino';
import type { LiveMessage } from '../../actors/live-bus.ts';
import { NatsLiveBus } from '../../actors/nats/live-bus-nats.ts';
import { cpuMicrosOf } from '../process-usage.ts';
import { NatsServer } from '../../test/servers/nats-server.ts';

const MESSAGES = 300_000;
/** Messages in one turn of the event loop, about as many as one journal entry causes. */
const MESSAGES_A_TURN = 64;
const USERS = 4096;

const view = {
  id: 'drop_0Xk3v9a1b2c3d4e5',
  productId: 'product_0Xk3v9a1b2c3d4e5',
  creatorId: 'user_0Xk3v9a1b2c3d4e5',
  startsAt: 1_800_000_000_000,
  endsAt: 1_800_000_600_000,
  unitAmount: 4_900,
  currency: 'EUR',
  limitPerUser: 2,
  holdSeconds: 120,
  payment: 'instant',
  status: 'live',
  soldOut: false,
  createdAt: 1_799_999_000_000,
  stocked: 2_000,
  held: 12,
  sold: 1_400,
  free: 588,
  version: 1_412,
} as const;
const dropMessage: LiveMessage = { type: 'drop', view, milestones: [] };
const userMessage: LiveMessage = {
  type: 'notification',
  notification: {
    id: '123456',
    userId: 'user_0Xk3v9a1b2c3d4e5',
    type: 'order.confirmed',
    data: { orderId: `${view.id}-512`, dropId: view.id, quantity: 1, totalAmount: 4_900 },
    createdAt: 1_800_000_000_512,
    readAt: null,
  },
};

/** CPU microseconds a message, in this process and in nats-server. */
async function measure(
  bus: NatsLiveBus,
  topics: readonly string[],
  message: LiveMessage,
): Promise<readonly [here: number, nats: number]> {
  const natsBefore = cpuMicrosOf(server.pid);
  const before = process.cpuUsage();
  for (let i = 0; i < MESSAGES; i++) {
    bus.publish(topics[i % topics.length]!, message);
    if (i % MESSAGES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    if (i % 4_096 === 0) await bus.settled();
  }
  await bus.settled();
  const { user, system } = process.cpuUsage(before);
  const nats = cpuMicrosOf(server.pid) - natsBefore;
  return [(user + system) / MESSAGES, nats / MESSAGES];
}

const server = await NatsServer.start();
const log = pino({ level: 'warn' }, pino.destination(2));
const bus = await NatsLiveBus.connect({ url: server.url, name: 'bench', log });
const drop = [`drop.${view.id}`];
const users = Array.from({ length: USERS }, (_, i) => `user.user_0Xk3v9a1b2c3d4e5${i}`);
for (const [name, topics, message] of [
  ['warm-up', drop, dropMessage],
  ['a drop', drop, dropMessage],
  ['warm-up', users, userMessage],
  ['a notification', users, userMessage],
] as const) {
  const [here, nats] = await measure(bus, topics, message);
  process.stdout.write(
    `${name}: ${here.toFixed(2)} µs of CPU a publish here, ${nats.toFixed(2)} in nats-server\n`,
  );
}
process.stdout.write(`${bus.droppedFrames} dropped\n`);
await bus.stop();
await server.stop();
