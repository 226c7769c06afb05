// The two ends between a gateway thread and its main thread, both in this thread: a port with a
// live bus on either side, and rings with the routers.

import { MessageChannel } from 'node:worker_threads';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../../actors/clock.ts';
import type { CommandRouter } from '../../../actors/command-router.ts';
import type { LiveBus } from '../../../actors/live-bus.ts';
import { ThreadLiveBus } from '../../../actors/threads/live-bus-thread.ts';
import {
  type FromThreadLive,
  LiveRelay,
  type LiveTexts,
  LiveTextOnce,
} from '../../../actors/threads/live-relay.ts';
import { OrderIntake } from '../../../actors/threads/order-intake.ts';
import { createRings, RingLink } from '../../../actors/threads/ring-link.ts';
import { ThreadPort } from '../../../actors/threads/thread-port.ts';
import { ThreadRouter } from '../../../actors/threads/thread-router.ts';
import type { CommandReply, DropCommand } from '../../../contracts/commands.ts';

export interface ThreadEnds {
  readonly bus: ThreadLiveBus;
  readonly relay: LiveRelay;
}

/** A thread's bus over the main thread's. */
export function threadBus(t: ExecutionContext, main: LiveBus): ThreadEnds {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const heard = new Int32Array(new SharedArrayBuffer(4));
  const thread = new ThreadPort<never, { live: LiveTexts } | { gap: true }>({
    port: port2,
    answer: async () => undefined,
    told: (told) => ('gap' in told ? bus.gap() : bus.hear(told.live)),
  });
  const port = new ThreadPort<'settled', FromThreadLive>({
    port: port1,
    answer: () => main.settled(),
    told: (told) => relay.take(told),
    beforeAnswer: () => relay.flush(),
  });
  const bus = new ThreadLiveBus({
    tell: (told) => thread.tell(told),
    settled: () => thread.ask<void>('settled'),
    heard,
  });
  const relay = new LiveRelay({
    bus: main,
    texts: new LiveTextOnce(),
    send: (live) => port.tell({ live }),
    sendGap: () => port.tell({ gap: true }),
    heard,
    clock: systemClock,
  });
  t.teardown(() => relay.stop());
  return { bus, relay };
}

export interface RouterEnds {
  readonly router: ThreadRouter;
  /** From now on the main thread reads no orders. */
  readonly stopReading: () => void;
}

/** A thread's router over the main thread's. */
export function threadRouter(
  t: ExecutionContext,
  main: CommandRouter,
  ask: (command: DropCommand) => Promise<CommandReply>,
): RouterEnds {
  const { port1, port2 } = new MessageChannel();
  const rings = createRings();
  const mainLink = new RingLink({
    written: rings.toThread,
    read: rings.toMain,
    wakes: port1,
    onMessage: (message) => intake.take(message),
    onRoom: () => intake.resume(),
  });
  const intake = new OrderIntake({
    router: main,
    write: (message) => mainLink.write(message),
    messageMax: mainLink.messageMax,
    tell: (message) => router.takeReplies(message),
  });
  const link = new RingLink({
    written: rings.toMain,
    read: rings.toThread,
    wakes: port2,
    onMessage: (message) => router.takeReplies(message),
  });
  const router = new ThreadRouter({
    write: (message) => link.write(message),
    messageMax: link.messageMax,
    ask,
  });
  t.teardown(() => {
    mainLink.stop();
    link.stop();
  });
  return { router, stopReading: () => mainLink.stop() };
}
