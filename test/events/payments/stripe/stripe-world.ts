// A drop whose buyers pay at the stand-in of Stripe, with processes that die between any two calls:
// the payments consumer is ended without a farewell and begins again behind its stored positions,
// its calls may have reached Stripe or the drop, webhooks fail on their way, calls go wrong.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../../actors/clock.ts';
import type { CommandRouter } from '../../../../actors/command-router.ts';
import { type FactBatch, factAfter } from '../../../../actors/shard/facts.ts';
import { Payments } from '../../../../app/payments.ts';
import type { DropCommand, ReplyTo } from '../../../../contracts/commands.ts';
import type { DropEvent } from '../../../../contracts/drop-events.ts';
import { applyEvent, createDrop } from '../../../../domain/apply.ts';
import { answerTo, decide, decideDueOrders, decideStatus } from '../../../../domain/decide.ts';
import type { DropState } from '../../../../domain/drop-state.ts';
import { orderId } from '../../../../domain/ids.ts';
import { refusal, success } from '../../../../domain/refusal.ts';
import { ParkedRefundRetries } from '../../../../events/payments/parked-refund-retries.ts';
import type { PaymentProvider } from '../../../../events/payments/payment-provider.ts';
import { PaymentsConsumer } from '../../../../events/payments/payments-consumer.ts';
import { StripePaymentProvider } from '../../../../events/payments/stripe/payment-provider-stripe.ts';
import { StripeEvents } from '../../../../events/payments/stripe/stripe-events.ts';
import { type StandInFault, StripeStandIn } from '../../../../operator/stripe-stand-in/stand-in.ts';
import { memoryStores } from '../../../../storage/memory/stores.ts';
import { ReachedLevel } from '../../../../storage/ports/feature-level.ts';
import type { Random } from '../../../chaos/random.ts';
import { RecordingLog } from '../../../services/harness.ts';
import { PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET } from './stripe-shop.ts';

export const UNIT_AMOUNT = 2_500;
const HOLD_SECONDS = 15;
/** So many seconds of the world pass in one of the test. */
const SPEED = 20;
const TICK_MS = 10;
const FAULTS: readonly StandInFault[] = [
  'too-many',
  'away',
  'fault-after',
  'fault-before',
  'lost-answer',
];

/** Real time, faster. */
const clock: Clock = {
  now: () => Math.floor(Date.now() * SPEED - SPEED_ORIGIN),
  monotonic: () => performance.now() * SPEED,
  after(delayMs, call) {
    const timeout = setTimeout(call, delayMs / SPEED);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
/** So that the world's time is the machine's when it begins. */
const SPEED_ORIGIN = Date.now() * (SPEED - 1);

/** One process: once it has died its calls have no answers, and it stores nothing. */
class Life {
  alive = true;

  async answer<T>(call: Promise<T>): Promise<T> {
    try {
      const value = await call;
      if (this.alive) return value;
    } catch (error) {
      if (this.alive) throw error;
    }
    return await new Promise<never>(() => undefined);
  }
}

export class StripeWorld {
  readonly state: DropState;
  readonly #random: Random;
  readonly #stores = memoryStores();
  readonly #batches: FactBatch[] = [];
  readonly #levels = new ReachedLevel(3);
  readonly #log = new RecordingLog();
  readonly standIn: StripeStandIn;
  readonly #webhook: Server;
  readonly #payments: Payments;
  #webhookUrl: string | null = null;
  #api = '';
  #life = new Life();
  #consumer: PaymentsConsumer | null = null;
  #retries: ParkedRefundRetries | null = null;
  #ticking: NodeJS.Timeout | null = null;
  /** Whether anything goes wrong. */
  troubled = true;

  constructor({ random, stock }: { readonly random: Random; readonly stock: number }) {
    this.#random = random;
    const now = clock.now();
    const terms = {
      id: 'd_1',
      productId: 'p_1',
      creatorId: 'creator',
      startsAt: now,
      endsAt: now + 24 * 3_600_000,
      unitAmount: UNIT_AMOUNT,
      currency: 'EUR',
      limitPerUser: 10,
      holdSeconds: HOLD_SECONDS,
      payment: 'provider',
    } as const;
    this.state = createDrop({ type: 'drop-created', terms, stock }, now);
    this.standIn = new StripeStandIn({
      port: 0,
      secretKey: SECRET_KEY,
      publishableKey: PUBLISHABLE_KEY,
      webhookSecret: WEBHOOK_SECRET,
      webhookUrl: () => this.#webhookUrl,
      hostile: true,
      random: () => random.next(),
      eventsFirst: () => random.chance(0.5),
      fault: () => (this.troubled && random.chance(0.15) ? random.pick(FAULTS)! : 'none'),
      now: () => clock.now(),
    });
    this.#payments = new Payments({
      ...this.#stores,
      router: this.#router(null),
      levels: this.#levels,
      secrets: [],
      stripe: new StripeEvents({ secrets: [WEBHOOK_SECRET] }),
      provider: null,
      clock,
      providerDigits: new Map(),
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    });
    this.#webhook = createServer((request, response) => {
      this.#take(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  async start(): Promise<void> {
    this.#api = await this.standIn.start();
    this.#webhook.listen(0, '127.0.0.1');
    await once(this.#webhook, 'listening');
    this.#webhookUrl = `http://127.0.0.1:${(this.#webhook.address() as AddressInfo).port}`;
    await this.#live();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticking!);
    this.#life.alive = false;
    await this.standIn.stop();
    this.#webhook.close();
    this.#webhook.closeAllConnections();
  }

  /** The process dies and another one begins. */
  async crash(): Promise<void> {
    this.#life.alive = false;
    await this.#live();
  }

  order(userId: string, key: string): void {
    this.#decide({ type: 'place-order', dropId: 'd_1', userId, key, quantity: 1 });
  }

  cancelOne(ordinal: number): void {
    const { id, userId } = this.state.orderView(ordinal);
    const caller = { userId, operator: false };
    this.#decide({ type: 'cancel-order', dropId: 'd_1', orderId: id, caller });
  }

  refundOne(ordinal: number): void {
    const caller = { userId: 'creator', operator: false };
    const { id } = this.state.orderView(ordinal);
    this.#decide({ type: 'refund-order', dropId: 'd_1', orderId: id, caller });
  }

  /** The buyer pays, where the payment is ready and the device has its secret. */
  pay(ordinal: number, method: string): void {
    const { paymentReference } = this.state.orderView(ordinal);
    if (!this.standIn.account.intents.has(paymentReference ?? '')) return;
    const form = { payment_method: method };
    this.standIn.account.confirmIntent(paymentReference!, form);
    this.standIn.tell();
  }

  /** What is wrong now; empty once everything has come to its end. */
  findings(): string[] {
    const found: string[] = [];
    const kept = new Map<string, number>();
    for (const intent of this.standIn.account.intents.values()) {
      const charge = this.standIn.account.charges.get(intent.latest_charge ?? '');
      const id = intent.metadata['orderId']!;
      const left = intent.amount_received - (charge?.captured ? charge.amount_refunded : 0);
      kept.set(id, (kept.get(id) ?? 0) + left);
      if (intent.status === 'requires_capture') found.push(`${intent.id} of ${id} is not captured`);
      if (left < 0) found.push(`${intent.id} of ${id} is refunded twice`);
    }
    for (let ordinal = 0; ordinal < this.state.orders.size; ordinal++) {
      const id = orderId('d_1', ordinal);
      const status = this.state.orders.status(ordinal);
      if (status === 'reserved') found.push(`${id} is reserved`);
      const due = status === 'confirmed' ? UNIT_AMOUNT : 0;
      const paid = kept.get(id) ?? 0;
      if (paid !== due) found.push(`${id} is ${status}, and ${paid} of ${due} are kept`);
    }
    return found;
  }

  /** Begins again behind the stored positions. */
  async #live(): Promise<void> {
    const life = new Life();
    this.#life = life;
    const { consumerPositions, parkedRefunds, auditLog } = this.#stores;
    const stripe = new StripePaymentProvider({
      secretKey: SECRET_KEY,
      api: new URL(this.#api),
      callsPerSecond: 200,
      nodes: () => 1,
      clock,
    });
    const provider = mortal(stripe, life);
    const parts = { provider, auditLog, clock, log: this.#log, random: () => this.#random.next() };
    const positions = {
      load: (name: string, shard: number) => consumerPositions.load(name, shard),
      replace: (...moved: Parameters<typeof consumerPositions.replace>) =>
        consumerPositions.replace(...moved),
      save: (name: string, moved: readonly { shard: number; sequence: number }[]) =>
        life.answer(life.alive ? consumerPositions.save(name, moved) : Promise.resolve()),
    };
    const router = this.#router(life);
    const levels = this.#levels;
    this.#retries = new ParkedRefundRetries({ ...parts, parkedRefunds });
    this.#consumer = new PaymentsConsumer({ ...parts, positions, parkedRefunds, router, levels });
    const position = await this.#consumer.position(0);
    this.#retries.start();
    void this.#consumer.consume(this.#batches.slice(position));
  }

  #router(life: Life | null): CommandRouter {
    const send = async <C extends DropCommand>(command: C): Promise<ReplyTo<C>> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (life !== null && !life.alive) return await new Promise<never>(() => undefined);
      if (this.#isTrouble()) return refusal('unavailable');
      const reply = this.#decide(command) as ReplyTo<C>;
      // The answer is lost, and the command was done.
      if (this.#isTrouble()) return refusal('unavailable');
      return life === null ? reply : await life.answer(Promise.resolve(reply));
    };
    return {
      send,
      submit: (command, sink) => void send(command).then((reply) => sink.complete(reply)),
    };
  }

  #decide(command: DropCommand) {
    const decision = decide(this.state, command, clock.now());
    if (!decision.ok) return decision;
    this.#apply(decision.events);
    return success(answerTo(this.state, command, decision));
  }

  #apply(events: readonly DropEvent[]): void {
    if (events.length === 0) return;
    const time = clock.now();
    const facts = events.map((event, index) => {
      applyEvent(this.state, event, time);
      const fact = factAfter(this.state, event, null);
      fact.index = index;
      return fact;
    });
    const batch: FactBatch = { shard: 0, sequence: this.#batches.length + 1, time, facts };
    this.#batches.push(batch);
    void this.#consumer?.consume([batch]);
  }

  #tick(): void {
    const now = clock.now();
    this.#apply(decideStatus(this.state, now));
    this.#apply(decideDueOrders(this.state, now, 100));
  }

  #isTrouble(): boolean {
    return this.troubled && this.#random.chance(0.05);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.#isTrouble()) return void response.destroy();
    const signature = String(request.headers['stripe-signature']);
    const taken = await this.#payments.stripeWebhook({ signature, body: Buffer.concat(chunks) });
    // The gateway dies before it has answered.
    if (this.#isTrouble()) return void response.destroy();
    response.writeHead(taken.ok ? 200 : 503).end();
  }
}

/** A driver whose process may die while a call is under way. */
function mortal(stripe: StripePaymentProvider, life: Life): PaymentProvider {
  const { prepared } = stripe;
  return {
    name: stripe.name,
    reference: (id) => stripe.reference(id),
    opened: (order) => life.answer(stripe.opened(order)),
    refund: (refund) => life.answer(stripe.refund(refund)),
    prepared: {
      paceMs: prepared.paceMs,
      turn: () => life.answer(prepared.turn()),
      prepare: (order, signal) => life.answer(prepared.prepare(order, signal)),
      capture: (reference, signal) => life.answer(prepared.capture(reference, signal)),
      release: (reference, signal) => life.answer(prepared.release(reference, signal)),
      secretOf: (reference, signal) => prepared.secretOf(reference, signal),
      orderOf: (reference, signal) => prepared.orderOf(reference, signal),
    },
  };
}
