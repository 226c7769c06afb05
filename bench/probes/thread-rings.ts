// Measures what an order costs more between a gateway thread and the main thread: packed, through a
// ring, unpacked, and its reply the same way back, with the wake-ups. Both ends are in this thread,
// so that its CPU time has all of it; the router behind them replies at once. Run:
// node_modules/.bin/node bench/probes/thread-rings.ts

import { MessageChannel } from 'node:worker_threads';
import type { CommandRouter } from '../../actors/command-router.ts';
import { OrderIntake } from '../../actors/threads/order-intake.ts';
import { createRings, RingLink } from '../../actors/threads/ring-link.ts';
import { ThreadRouter } from '../../actors/threads/thread-router.ts';
import type { CommandReply, DropCommand } from '../../contracts/commands.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { median } from '../measure.ts';

/** Orders in one turn of the event loop. */
const TOGETHER = [1, 4, 16, 64] as const;
const ORDERS = 40_000;
const ROUNDS = 7;

const dropId = 'd_1m8p142svb0jw04tvcyrqdzz8';
const placed: CommandReply = success({
  order: {
    id: `${dropId}-1234`,
    dropId,
    userId: 'u_1m8jjcafsz62gk73rak8pdmaz',
    quantity: 1,
    status: 'confirmed',
    totalAmount: 4_900,
    currency: 'EUR',
    createdAt: 1_800_000_000_000,
    holdExpiresAt: null,
    paymentReference: null,
    refundRequested: false,
    version: 1_234,
  },
  replayed: false,
});
/** As the real one, it replies later. */
const atOnce: CommandRouter = {
  submit: (_, sink) => queueMicrotask(() => sink.complete(placed)),
  send: () => Promise.reject(new Error('only orders are sent here')),
};

const { port1, port2 } = new MessageChannel();
const rings = createRings();
const main: RingLink = new RingLink({
  written: rings.toThread,
  read: rings.toMain,
  wakes: port1,
  onMessage: (message) => intake.take(message),
  onRoom: () => intake.resume(),
});
const intake = new OrderIntake({
  router: atOnce,
  write: (message) => main.write(message),
  messageMax: main.messageMax,
  tell: (message) => throughRings.takeReplies(message),
});
const thread: RingLink = new RingLink({
  written: rings.toMain,
  read: rings.toThread,
  wakes: port2,
  onMessage: (message) => throughRings.takeReplies(message),
});
const throughRings = new ThreadRouter({
  write: (message) => thread.write(message),
  messageMax: thread.messageMax,
  ask: async () => refusal('unavailable'),
});

for (const together of TOGETHER) {
  const added: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const direct = await microsOf(atOnce, together);
    added.push((await microsOf(throughRings, together)) - direct);
  }
  console.log(`${together} together: ${median(added).toFixed(2)} µs of CPU an order`);
}
main.stop();
thread.stop();

/** CPU time of an order, in microseconds. */
async function microsOf(router: CommandRouter, together: number): Promise<number> {
  const before = process.cpuUsage();
  for (let sent = 0; sent < ORDERS; sent += together) {
    await new Promise<void>((resolve) => {
      let left = together;
      const complete = (): void => {
        left -= 1;
        if (left === 0) resolve();
      };
      for (let count = 0; count < together; count++)
        router.submit(order(sent + count), { complete });
    });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ORDERS;
}

function order(number: number): DropCommand {
  const key = `0f8fad5b-d9cb-469f-a165-${String(number).padStart(12, '0')}`;
  return { type: 'place-order', dropId, userId: 'u_1m8jjcafsz62gk73rak8pdmaz', key, quantity: 1 };
}
