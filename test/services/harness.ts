// The services on a broker of their own, over stores in memory, with a clock and a router that the
// test controls.

import { randomBytes } from 'node:crypto';
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import type { CommandRouter, CommandSink } from '../../actors/command-router.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import type { CommandReply, DropCommand, ReplyTo } from '../../contracts/commands.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { refusal } from '../../domain/refusal.ts';
import { brokerOptions } from '../../moleculer.config.ts';
import { createCallAction } from '../../services/moleculer/call-action.ts';
import type { CallAction } from '../../contracts/actions.ts';
import type { WarningLog } from '../../events/warning-log.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import type { Stores } from '../../storage/ports/stores.ts';
import { ManualClock } from '../actors/manual-clock.ts';

export const NOW = 1_800_000_000_000;
export const FIRST_PAGE = { limit: 100, cursor: null };

/** Records every command and replies with `answer`. */
export class ScriptedRouter implements CommandRouter {
  readonly commands: DropCommand[] = [];
  answer: (command: DropCommand) => CommandReply | Promise<CommandReply> = () =>
    refusal('not-found');

  submit(command: DropCommand, sink: CommandSink): void {
    void this.send(command).then((reply) => sink.complete(reply));
  }

  async send<C extends DropCommand>(command: C): Promise<ReplyTo<C>> {
    this.commands.push(command);
    return (await this.answer(command)) as ReplyTo<C>;
  }
}

export class RecordingLog implements WarningLog {
  readonly warnings: string[] = [];

  warn(_details: object, text: string): void {
    this.warnings.push(text);
  }
}

export interface Harness {
  readonly call: CallAction;
  readonly stores: Stores;
  readonly router: ScriptedRouter;
  readonly liveBus: InProcessLiveBus;
  readonly clock: ManualClock;
  readonly levels: ReachedLevel;
  readonly random: (count: number) => Uint8Array;
}

/** Starts the services of `make`. They stop with the test. */
export async function startServices(
  t: { teardown(undo: () => Promise<void>): void },
  make: (harness: Omit<Harness, 'call'>) => readonly ServiceSchema[],
): Promise<Harness> {
  const parts = {
    stores: memoryStores(),
    router: new ScriptedRouter(),
    liveBus: new InProcessLiveBus(),
    clock: new ManualClock(NOW),
    levels: new ReachedLevel(FEATURE_LEVEL),
    random: (count: number) => randomBytes(count),
  };
  const broker = new ServiceBroker(brokerOptions({ nodeId: 'test', natsUrl: null, log: null }));
  for (const schema of make(parts)) broker.createService(schema);
  await broker.start();
  t.teardown(() => broker.stop());
  return { ...parts, call: createCallAction(broker) };
}

export function dropView(change: Partial<DropView> = {}): DropView {
  return {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'u_creator',
    startsAt: NOW - 1_000,
    endsAt: NOW + 3_600_000,
    unitAmount: 2_500,
    currency: 'EUR',
    limitPerUser: 2,
    holdSeconds: 60,
    payment: 'provider',
    status: 'live',
    soldOut: false,
    stocked: 10,
    held: 0,
    sold: 0,
    free: 10,
    version: 1,
    createdAt: NOW - 2_000,
    ...change,
  };
}

export function orderView(change: Partial<OrderView> = {}): OrderView {
  const id = change.id ?? 'd_1-0';
  return {
    id,
    dropId: 'd_1',
    userId: 'u_buyer',
    quantity: 1,
    status: 'reserved',
    totalAmount: 2_500,
    currency: 'EUR',
    createdAt: NOW,
    holdExpiresAt: NOW + 60_000,
    paymentReference: `pay_${id}`,
    refundRequested: false,
    version: 2,
    ...change,
  };
}
