import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import type { CommandRouter, CommandSink } from '../../../actors/command-router.ts';
import type { CommandReply, DropCommand } from '../../../contracts/commands.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { threadRouter } from './thread-ends.ts';

const SHARED_NOTHING = async (): Promise<CommandReply> => refusal('unavailable');

function order(key: string, quantity = 1, more: object = {}): DropCommand {
  return { type: 'place-order', dropId: 'd_1', userId: 'ann', key, quantity, ...more };
}

/** Holds what it is sent until the test answers it. */
class HeldRouter implements CommandRouter {
  readonly held: { readonly command: DropCommand; readonly sink: CommandSink }[] = [];

  submit(command: DropCommand, sink: CommandSink): void {
    this.held.push({ command, sink });
  }

  send(): never {
    throw new Error('nobody sends here');
  }
}

function placed(key: string): CommandReply {
  const view = {
    id: `d_1-${key}`,
    dropId: 'd_1',
    userId: 'ann',
    quantity: 1,
    status: 'confirmed',
    totalAmount: 250,
    currency: 'EUR',
    createdAt: 1_800_000_000_000,
    holdExpiresAt: null,
    paymentReference: null,
    refundRequested: false,
    version: 3,
  } as const;
  return success({ order: view, replayed: false });
}

function replyTo(router: CommandRouter, command: DropCommand): Promise<CommandReply> {
  return new Promise((complete) => router.submit(command, { complete }));
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await pause(1);
}

test('O3: each order is answered by itself, in whatever order the answers come', async (t) => {
  const main = new HeldRouter();
  const { router } = threadRouter(t, main, SHARED_NOTHING);
  const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`);
  const replies = keys.map((key) => replyTo(router, order(key)));
  await until(() => main.held.length === keys.length);
  t.deepEqual(
    main.held.map(({ command }) => command),
    keys.map((key) => order(key)),
  );
  const answered = main.held.toSorted((a, b) =>
    JSON.stringify(a.command) < JSON.stringify(b.command) ? 1 : -1,
  );
  for (const { command, sink } of answered) {
    if (command.type !== 'place-order') return t.fail();
    const { key } = command;
    sink.complete(key.endsWith('7') ? refusal('sold-out') : placed(key));
    if (key.endsWith('3')) await pause(1);
  }
  const all = await Promise.all(replies);
  t.deepEqual(
    all,
    keys.map((key) => (key.endsWith('7') ? refusal('sold-out') : placed(key))),
  );
});

test('orders with texts, and longer together than the ring takes, arrive as they are', async (t) => {
  const main = new HeldRouter();
  const asked: DropCommand[] = [];
  const { router } = threadRouter(t, main, async (command) => {
    asked.push(command);
    return refusal('sold-out');
  });
  const one = order('k', 2, { metadata: { note: 'ü\n"' } });
  const reply = replyTo(router, one);
  await until(() => main.held.length === 1);
  t.deepEqual(main.held[0]!.command, one);
  main.held[0]!.sink.complete(refusal('drop-ended'));
  t.deepEqual(await reply, refusal('drop-ended'));
  const long = 'x'.repeat(4_000);
  const orders = Array.from({ length: 200 }, (_, at) => order(`k${at}`, 1, { metadata: { long } }));
  const replies = await Promise.all(orders.map((command) => replyTo(router, command)));
  t.deepEqual(asked, orders);
  t.true(replies.every((answer) => !answer.ok && answer.code === 'sold-out'));
});

test('other commands are asked for, and unavailable where there is no answer', async (t) => {
  const asked: DropCommand[] = [];
  const { router } = threadRouter(t, new HeldRouter(), async (command) => {
    asked.push(command);
    if (asked.length === 2) throw new Error('the thread has ended');
    if (asked.length === 3) throw Object.assign(new Error('full'), { code: 'queue-full' });
    return refusal('not-found');
  });
  const command: DropCommand = { type: 'get-drop', dropId: 'd_1' };
  t.deepEqual(await router.send(command), refusal('not-found'));
  t.deepEqual(await router.send(command), refusal('unavailable'));
  t.deepEqual(await router.send(command), refusal('overloaded'));
  t.deepEqual(asked, [command, command, command]);
});

test('H6: a full ring refuses as a full mailbox does, and loses nothing that it took', async (t) => {
  const main = new HeldRouter();
  const { router, stopReading } = threadRouter(t, main, SHARED_NOTHING);
  stopReading();
  const refusals: CommandReply[] = [];
  let sent = 0;
  const sink: CommandSink = { complete: (reply) => refusals.push(reply) };
  while (refusals.length === 0) {
    for (let count = 0; count < 2_048; count++) router.submit(order(`k${(sent += 1)}`), sink);
    await pause(1);
  }
  t.true(refusals.every((reply) => !reply.ok && reply.code === 'overloaded'));
  // 1 MiB of orders of some 30 bytes.
  t.true(sent > 10_000, String(sent));
  t.true(refusals.length < sent, `${refusals.length} of ${sent}`);
});

test('replies that the ring has no room for wait, and come in the end', async (t) => {
  const main = new HeldRouter();
  const { router } = threadRouter(t, main, SHARED_NOTHING);
  const count = 20_000;
  let answered = 0;
  const sink: CommandSink = { complete: () => (answered += 1) };
  for (let at = 0; at < count; at++) {
    router.submit(order(`k${at}`), sink);
    if (at % 2_000 === 1_999) await until(() => main.held.length === at + 1);
  }
  // In one go of the event loop: some 200 bytes each, which is more than the ring has.
  for (const { sink: held } of main.held) held.complete(placed('k'));
  await until(() => answered === count);
  t.is(answered, count);
});
