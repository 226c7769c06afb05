// `livedrops demo`: runs one celebrity drop on a real server, from the first follower to the proof.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessTokens } from '../../app/access-tokens.ts';
import { OPERATOR_ROLE } from '../../contracts/role-names.ts';
import { LiveDrops } from '../../sdk/client.ts';
import { ClusterServer } from './cluster-server.ts';
import { countedSale } from './counted-sale.ts';
import { verifiedLedger } from './ledger-bundle.ts';
import { OrderDesk } from './order-desk.ts';
import type { Payment } from './plan.ts';
import { PushService } from './push-service.ts';
import { type Evidence, proofText, prove } from './proof.ts';
import { SALE_TITLE } from './sale.ts';
import { format, Screen } from './screen.ts';
import { SingleServer } from './single-server.ts';
import { waitUntil } from './wait-until.ts';
import { isOver, type Secrets, prepareStage, type Stage } from './stage.ts';

export interface DemoOptions {
  readonly buyers: number;
  readonly stock: number;
  readonly followers: number;
  /** Seconds until the drop opens. */
  readonly seconds: number;
  readonly seed: number;
  /** Nodes of a cluster of its own; absent: one server. */
  readonly cluster?: number;
}

/** From the drop's start time to the first follower's `drop.started`. */
const START_TIMEOUT_MS = 10_000;
const SALE_TIMEOUT_MS = 120_000;
const NOTICES_TIMEOUT_MS = 5_000;
/** Pushes give way to the sale. */
const REACHED_TIMEOUT_MS = 60_000;
/** Beside that: a webhook is called some hundred times a second. */
const TOLD_MS_PER_ORDER = 5;
const SECRET_BYTES = 32;
const OPERATOR_TOKEN_SECONDS = 600;

export async function demo(options: DemoOptions): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'livedrops-demo-'));
  const secrets = {
    auth: randomBytes(SECRET_BYTES).toString('base64url'),
    payment: `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`,
  };
  const environment = {
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_LOG: 'error',
    LIVEDROPS_AUTH_SECRET: secrets.auth,
    LIVEDROPS_PAYMENT_SECRET: secrets.payment,
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
  };
  const pushService = new PushService();
  const desk = new OrderDesk();
  const server =
    options.cluster === undefined
      ? new SingleServer({ dataDirectory, environment })
      : new ClusterServer({ dataDirectory, nodes: options.cluster, environment });
  const cleanUp = async (): Promise<void> => {
    pushService.stop();
    desk.stop();
    await server.kill();
    rmSync(dataDirectory, { recursive: true, force: true });
  };
  const onSignal = (): void => void cleanUp().finally(() => process.exit(1));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    await Promise.all([pushService.start(), desk.start()]);
    const urls = await server.start();
    const { name, outboxes } = server;
    const sale = { ...options, name, urls, secrets, pushService, desk, outboxes };
    const { dropId, ...sold } = await sell(sale);
    const token = operatorToken(secrets);
    const url = urls[0]!;
    const counted = await countedSale(new LiveDrops({ url, token }), dropId, sold.drop.sold);
    const file = join(dataDirectory, 'ledger.bundle');
    const ledger = await verifiedLedger({ url, token, file });
    printProof({ ...sold, counted, ledger, ...(await server.finish()) });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await cleanUp();
  }
}

/** The evidence that can be read before the server stops. */
interface SaleEvidence
  extends Omit<Evidence, 'counted' | 'ledger' | 'journal' | 'stoppedInOrder' | 'verified'> {
  readonly dropId: string;
}

function operatorToken({ auth: secret }: Secrets): string {
  const roles = [OPERATOR_ROLE];
  return new AccessTokens({ secret }).sign({
    userId: 'demo',
    roles,
    lifetimeSeconds: OPERATOR_TOKEN_SECONDS,
  });
}

async function sell(
  options: DemoOptions & {
    /** Of what sells. */
    readonly name: string;
    readonly urls: readonly string[];
    readonly secrets: Secrets;
    readonly pushService: PushService;
    readonly desk: OrderDesk;
    readonly outboxes: readonly string[];
  },
): Promise<SaleEvidence> {
  const { name, urls, buyers, stock, seed } = options;
  const url = urls[0]!;
  const followers = Math.min(options.followers, buyers);
  const screen = new Screen({
    output: process.stdout,
    title: SALE_TITLE,
    url,
    seed,
    buyers,
    stock,
    followers,
  });
  screen.note(`${name} serves on ${urls.join(', ')}`);
  screen.note(`${format(followers)} followers connect, ${format(buyers)} buyers get ready`);
  const stage = await prepareStage({ ...options, followers });
  try {
    screen.start(stage.state);
    const startTimeoutMs = options.seconds * 1000 + START_TIMEOUT_MS;
    const opened = await waitUntil(
      startTimeoutMs,
      () => stage.followers.receivedCount('drop.started') > 0,
    );
    if (!opened) throw new Error('no follower received drop.started');
    stage.crowd.press(stage.dropId);
    // The proof shows what is missing if the sale is not over by then.
    await waitUntil(SALE_TIMEOUT_MS, () => isOver(stage));
    return await gatherEvidence(stage);
  } finally {
    screen.stop();
    stage.payers.stop();
    stage.followers.close();
    await stage.crowd.stop();
  }
}

/**
 * Reads the final state from the server before it stops, and what buyers and followers received.
 */
async function gatherEvidence(stage: Stage): Promise<SaleEvidence> {
  const { url, dropId, buyers, stock, crowd, payers, followers, followerCount } = stage;
  const crowdFindings = await crowd.finish();
  const drop = await new LiveDrops({ url }).call('GET /v1/drops/{id}', { path: { id: dropId } });
  const refundRequested = new Set<string>();
  const lateStatusOf = new Map<string, string>();
  for (const { orderId, userId } of crowd.orders) {
    const payment = payers.paymentOf.get(orderId);
    if (payment !== 'late' && payment !== 'refused-late') continue;
    const client = new LiveDrops({ url, token: stage.tokenOf(userId) });
    const order = await client.call('GET /v1/orders/{id}', { path: { id: orderId } });
    lateStatusOf.set(orderId, order.status);
    if (order.refundRequested === true) refundRequested.add(orderId);
  }
  const expectedNotices = crowd.orders.flatMap(({ orderId, userId }) => {
    const follower = stage.plan.buyerOf(userId);
    if (follower >= followerCount) return [];
    const types = noticesOf(payers.paymentOf.get(orderId), lateStatusOf.get(orderId));
    return types.map((type) => ({ follower, type, orderId }));
  });
  const delivered = (): number =>
    expectedNotices.filter(({ follower, type, orderId }) =>
      followers.hasNotice(follower, type, orderId),
    ).length;
  await waitUntil(NOTICES_TIMEOUT_MS, () => delivered() === expectedNotices.length);
  const paidAtOnce = crowd.orders.filter(
    ({ orderId }) => payers.paymentOf.get(orderId) === 'prompt',
  );
  const lateConfirmed = [...lateStatusOf.values()].filter((status) => status === 'confirmed');
  const confirmed = paidAtOnce.length + lateConfirmed.length;
  const orderOf = new Map(paidAtOnce.map(({ userId, orderId }) => [userId, orderId]));
  await waitUntil(REACHED_TIMEOUT_MS, () => stage.away.isReached(orderOf));
  const told = stage.desk.messages;
  const toldTimeoutMs = REACHED_TIMEOUT_MS + stock * TOLD_MS_PER_ORDER;
  await waitUntil(toldTimeoutMs, () => told.size >= confirmed);
  return {
    dropId,
    buyers,
    buyersAnswered: crowd.counters.get('buyersAnswered'),
    stock,
    drop,
    acknowledged: crowd.orders,
    paymentOf: payers.paymentOf,
    refundRequested,
    webhookCalls: payers.calls,
    repeats: crowd.counters.get('repeats'),
    frames: followers.frames,
    followers: followerCount,
    sawStart: followers.receivedCount('drop.started'),
    sawSellOut: followers.receivedCount('drop.sold_out'),
    noticesExpected: expectedNotices.length,
    noticesDelivered: delivered(),
    reached: stage.away.reached(orderOf),
    toldOf: told,
    toldAgain: stage.desk.repeats,
    toldFindings: stage.desk.findings,
    crowdFindings,
    paymentFindings: payers.findings,
    liveFindings: followers.findings,
  };
}

/** The notifications that a follower must receive about an order. */
function noticesOf(payment: Payment | undefined, lateStatus: string | undefined): string[] {
  switch (payment) {
    case 'prompt':
      return ['order.confirmed'];
    case 'refused':
      return ['order.failed'];
    case 'late':
      // A confirmed order: the payment may have arrived just in time.
      return lateStatus === 'confirmed' ? ['order.confirmed'] : ['order.expired', 'order.failed'];
    case 'refused-late':
      return [`order.${lateStatus}`];
    case 'never':
      return ['order.expired'];
    case undefined:
      return [];
  }
}

function printProof(evidence: Evidence): void {
  const proof = prove(evidence);
  process.stdout.write(proofText('The proof', proof));
  if (proof.some(({ passed }) => !passed)) process.exitCode = 1;
}
