// What buyers, creators and the payment provider ask of a node in a step of a history.

import type { DropCommand } from '../../contracts/commands.ts';
import type { DropTerms, PaymentMode } from '../../contracts/drops.ts';
import type { Clients } from './clients.ts';
import { PASSES } from './passes.ts';
import type { Payment, SimulatedProvider } from './provider.ts';
import type { SimulatedCluster, SimulatedNode } from './simulated-cluster.ts';
import { type Step, USERS } from './steps.ts';

const CREATOR = { userId: 'creator', operator: false };
const LIMIT_PER_USER = 3;
const HOLD_SECONDS = 6;
/** So long that another node serves a lost one's drops before it ends. */
const LONG_HOLD_SECONDS = 20;
const FAR_MS = 36_000_000;
/** The first ones; creators end only later ones early. */
const LASTING_DROPS = 3;
/** One of them, which asks for a pass and opens early for those with one. */
const PASS_DROP = 'd_3';
const EARLY_ACCESS_SECONDS = 2;
const STOCK = 5;
/** The provider calls again where a webhook has no answer for so long. */
const WEBHOOK_TIMEOUT_MS = 10_000;

export interface PeopleOptions {
  readonly cluster: SimulatedCluster;
  readonly clients: Clients;
  readonly provider: SimulatedProvider;
}

export class People {
  /** Ids of drops, whether their making was answered or not. */
  readonly drops: string[] = [];
  readonly #cluster: SimulatedCluster;
  readonly #clients: Clients;
  readonly #provider: SimulatedProvider;
  /** Webhooks that are on their way. */
  readonly #telling = new Set<Payment>();
  #keyCount = 0;
  #restockCount = 0;

  constructor({ cluster, clients, provider }: PeopleOptions) {
    this.#cluster = cluster;
    this.#clients = clients;
    this.#provider = provider;
  }

  makeFirstDrops(node: SimulatedNode): void {
    this.#makeDrop(node, { payment: 'instant', stock: 18, opensInMs: 0, livesMs: FAR_MS });
    this.#makeDrop(node, {
      payment: 'provider',
      stock: 20,
      opensInMs: 0,
      livesMs: FAR_MS,
      holdSeconds: LONG_HOLD_SECONDS,
    });
    this.#makeDrop(node, {
      payment: 'provider',
      stock: 20,
      opensInMs: 4_000,
      livesMs: FAR_MS,
      forPasses: true,
    });
    this.#makeDrop(node, { payment: 'provider', stock: 6, opensInMs: 1_000, livesMs: 15_000 });
  }

  ask(node: SimulatedNode, step: Step): void {
    const clients = this.#clients;
    switch (step.kind) {
      case 'order':
        return this.#order(node, step);
      case 'repeat-order': {
        const orders = clients.asked.filter(({ command }) => command.type === 'place-order');
        const earlier = orders[step.pick % Math.max(1, orders.length)];
        if (earlier !== undefined) clients.send(node, earlier.command);
        return;
      }
      case 'pay': {
        const { opened } = this.#provider;
        const order = opened[step.pick % Math.max(1, opened.length)];
        if (order !== undefined) this.#provider.settle(order, step.succeeded);
        return this.tellPayments(node);
      }
      case 'create-drop': {
        const payment = step.byProvider ? 'provider' : 'instant';
        return this.#makeDrop(node, { ...step, payment, stock: STOCK });
      }
      case 'restock': {
        const dropId = this.#anyDrop(step.drop);
        const addStock = step.units;
        const id = `restock-${++this.#restockCount}`;
        const request = { id, fingerprint: 'same', callerId: CREATOR.userId };
        return clients.send(node, {
          type: 'amend-drop',
          dropId,
          caller: CREATOR,
          addStock,
          request,
        });
      }
      case 'repeat-restock': {
        const restocks = clients.asked.filter(({ command }) => isKeyedRestock(command));
        const earlier = restocks[step.pick % Math.max(1, restocks.length)];
        if (earlier !== undefined) clients.send(node, earlier.command);
        return;
      }
      case 'end-earlier': {
        const dropId = this.#endingDrop(step.drop);
        const endsAt = this.#cluster.clock.now() + step.inMs;
        return clients.send(node, { type: 'amend-drop', dropId, caller: CREATOR, endsAt });
      }
      case 'end-later': {
        const dropId = this.#endingDrop(step.drop);
        const endsAt = this.#cluster.clock.now() + step.inMs;
        const change = { endsAt, mayExtend: true } as const;
        return clients.send(node, { type: 'amend-drop', dropId, caller: CREATOR, ...change });
      }
      case 'pause-drop': {
        const dropId = this.#endingDrop(step.drop);
        const details = { extendHolds: step.extendHolds, reason: null };
        return clients.send(node, { type: 'pause-drop', dropId, caller: CREATOR, ...details });
      }
      case 'resume-drop': {
        const dropId = this.#endingDrop(step.drop);
        return clients.send(node, { type: 'resume-drop', dropId, caller: CREATOR });
      }
      case 'cancel-drop': {
        const dropId = this.#endingDrop(step.drop);
        return clients.send(node, {
          type: 'cancel-drop',
          dropId,
          caller: CREATOR,
          alsoEnded: true,
        });
      }
      case 'read-drop':
        return clients.send(node, { type: 'get-drop', dropId: this.#anyDrop(step.drop) });
      case 'read-filter':
        return clients.send(node, {
          type: 'get-order-filter',
          dropId: this.#anyDrop(step.drop),
          by: 'user',
        });
      default:
        this.#askAboutOrder(node, step);
    }
  }

  /** Somebody orders in each lasting drop, and reads it. */
  visit(node: SimulatedNode): void {
    for (const dropId of this.drops.slice(0, LASTING_DROPS)) {
      const key = `key-${++this.#keyCount}`;
      const userId = `user-${this.#keyCount % USERS}`;
      const order = { type: 'place-order', dropId, userId, key, quantity: 1 } as const;
      const pass = PASSES[this.#keyCount % PASSES.length]!.proved;
      this.#clients.send(node, dropId === PASS_DROP ? { ...order, pass } : order);
      this.#clients.send(node, { type: 'get-drop', dropId });
    }
  }

  /** Webhooks that were not taken come again, one at a time for each payment. */
  tellPayments(node: SimulatedNode | undefined): void {
    if (node === undefined) return;
    for (const payment of this.#provider.untold) {
      if (this.#telling.has(payment)) continue;
      this.#telling.add(payment);
      const {
        id: orderId,
        dropId,
        paymentReference,
        totalAmount: amount,
        currency,
      } = payment.order;
      const outcome = payment.succeeded ? 'succeeded' : 'failed';
      const about = { dropId, orderId, reference: paymentReference!, amount, currency };
      const command = { type: 'record-payment', ...about, outcome } as const;
      this.#clients.send(node, command, ({ ok }) => {
        this.#telling.delete(payment);
        if (ok) this.#provider.told(payment);
      });
      this.#cluster.clock.after(WEBHOOK_TIMEOUT_MS, () => this.#telling.delete(payment));
    }
  }

  #order(node: SimulatedNode, step: Step & { readonly kind: 'order' }): void {
    const dropId = this.#anyDrop(step.drop);
    const { quantity } = step;
    const shown = step.pass === null ? {} : { pass: PASSES[step.pass]!.proved };
    for (let buyer = 0; buyer < step.buyers; buyer++) {
      const userId = `user-${(step.user + buyer) % USERS}`;
      const key = `key-${++this.#keyCount}`;
      const order = { type: 'place-order', dropId, userId, key, quantity } as const;
      this.#clients.send(node, { ...order, ...shown });
    }
  }

  #askAboutOrder(node: SimulatedNode, step: Step): void {
    if (!('pick' in step)) return;
    const { orders } = this.#clients;
    const order = orders[step.pick % Math.max(1, orders.length)];
    if (order === undefined) return;
    const { id: orderId, dropId, userId } = order;
    const about = { dropId, orderId };
    const buyer = { userId, operator: false };
    if (step.kind === 'read-order')
      this.#clients.send(node, { type: 'get-order', ...about, userId });
    else if (step.kind === 'cancel-order')
      this.#clients.send(node, { type: 'cancel-order', ...about, caller: buyer });
    else if (step.kind === 'refund-order')
      this.#clients.send(node, { type: 'refund-order', ...about, caller: CREATOR });
    else if (step.kind === 'refund-part') {
      const part = { quantity: 1, restock: step.restock };
      this.#clients.send(node, { type: 'refund-order', ...about, caller: CREATOR, ...part });
    }
  }

  #makeDrop(
    node: SimulatedNode,
    drop: {
      readonly payment: PaymentMode;
      readonly stock: number;
      readonly opensInMs: number;
      readonly livesMs: number;
      readonly holdSeconds?: number;
      readonly forPasses?: boolean;
    },
  ): void {
    const { payment, stock, opensInMs, livesMs, holdSeconds = HOLD_SECONDS } = drop;
    const dropId = `d_${this.drops.length + 1}`;
    this.drops.push(dropId);
    const startsAt = this.#cluster.clock.now() + opensInMs;
    const terms: DropTerms = {
      id: dropId,
      productId: 'p_1',
      creatorId: CREATOR.userId,
      startsAt,
      endsAt: startsAt + livesMs,
      payment,
      unitAmount: 1999,
      currency: 'EUR',
      limitPerUser: LIMIT_PER_USER,
      holdSeconds,
      ...(drop.forPasses === true && {
        access: 'pass',
        earlyAccessSeconds: EARLY_ACCESS_SECONDS,
      }),
    };
    this.#clients.send(node, { type: 'create-drop', dropId, terms, stock });
  }

  /** Every second time one of those that nobody ends. */
  #anyDrop(pick: number): string {
    const half = Math.floor(pick / 2);
    return this.drops[half % (pick % 2 === 0 ? LASTING_DROPS : this.drops.length)]!;
  }

  #endingDrop(pick: number): string {
    return this.drops[LASTING_DROPS + (pick % (this.drops.length - LASTING_DROPS))]!;
  }
}

function isKeyedRestock(command: DropCommand): boolean {
  return command.type === 'amend-drop' && command.request !== undefined;
}
