// `livedrops demo`: one celebrity drop on a real server, from the first follower to the proof.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJournalOrders } from '../../composition/verify.ts';
import { AccessTokens } from '../../services/access-tokens.ts';
import { Crowd } from './crowd.ts';
import { Followers } from './followers.ts';
import { Payers } from './payers.ts';
import { type Payment, Plan } from './plan.ts';
import { type Evidence, type JournalOrder, prove } from './proof.ts';
import { call, prepareFollowers, prepareSale, SALE_TITLE } from './sale.ts';
import { format, type SaleState, Screen } from './screen.ts';
import { runCommand, ServerProcess } from './server-process.ts';

export interface DemoOptions {
  readonly buyers: number;
  readonly stock: number;
  readonly followers: number;
  /** Until the drop opens. */
  readonly seconds: number;
  readonly seed: number;
}

const CONNECTIONS_MAX = 400;
const HOLD_SECONDS = 4;
const TOKEN_SECONDS = 3600;
const SALE_TIMEOUT_MS = 120_000;
const NOTICES_TIMEOUT_MS = 5_000;
const LOOK_INTERVAL_MS = 50;
const FINDINGS_SHOWN_MAX = 5;
const SECRET_BYTES = 32;

interface Secrets {
  readonly auth: string;
  readonly payment: string;
}

export async function demo(options: DemoOptions): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'livedrops-demo-'));
  const secrets = {
    auth: randomBytes(SECRET_BYTES).toString('base64url'),
    payment: `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`,
  };
  const environment = {
    LIVEDROPS_DATA: dataDirectory,
    LIVEDROPS_PORT: '0',
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_LOG: 'error',
    LIVEDROPS_AUTH_SECRET: secrets.auth,
    LIVEDROPS_PAYMENT_SECRET: secrets.payment,
  };
  const server = new ServerProcess({ environment });
  const leaveNothing = (): void => {
    server.kill();
    rmSync(dataDirectory, { recursive: true, force: true });
  };
  const onSignal = (): void => {
    leaveNothing();
    process.exit(1);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const url = await server.start();
    const partial = await sell({ ...options, url, secrets });
    const stoppedInOrder = await server.stop();
    const journal: JournalOrder[] = [];
    for await (const { id, userId, key, quantity, status } of readJournalOrders(dataDirectory)) {
      journal.push({ orderId: id, userId, key, quantity, status });
    }
    const verified = await verify(environment);
    conclude({ ...partial, journal, stoppedInOrder, verified });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    leaveNothing();
  }
}

/** All that can be known before the server is stopped. */
type SaleEvidence = Omit<Evidence, 'journal' | 'stoppedInOrder' | 'verified'>;

async function sell(
  options: DemoOptions & { readonly url: string; readonly secrets: Secrets },
): Promise<SaleEvidence> {
  const { url, secrets, stock, buyers, seed } = options;
  const followerCount = Math.min(options.followers, buyers);
  const { hostname: host, port: portText } = new URL(url);
  const port = Number(portText);
  const plan = new Plan({ seed });
  const accessTokens = new AccessTokens({ secret: secrets.auth });
  const tokenOf = (userId: string): string =>
    accessTokens.sign({ userId, roles: [], lifetimeSeconds: TOKEN_SECONDS });
  const screen = new Screen({
    output: process.stdout,
    title: SALE_TITLE,
    url,
    seed,
    buyers,
    stock,
    followers: followerCount,
  });

  screen.note(`LiveDrops serves on ${url}`);
  const followerTokens = Array.from({ length: followerCount }, (_, i) => tokenOf(plan.userId(i)));
  const creator = await prepareFollowers({ url, followerTokens });
  const opensInMs = options.seconds * 1000;
  const saleOptions = { url, followerTokens, stock, opensInMs, holdSeconds: HOLD_SECONDS };
  const sale = await prepareSale(saleOptions, creator);
  const { dropId, opensAt } = sale;

  const payers = new Payers({ host, port, secret: secrets.payment, plan, ordersMax: buyers });
  const crowd = new Crowd({
    host,
    port,
    dropId,
    authSecret: secrets.auth,
    buyers,
    followers: followerCount,
    seed,
    connections: Math.min(CONNECTIONS_MAX, buyers),
    onOrders: (orders) => payers.take(orders),
  });
  const followers = new Followers({
    url: url.replace('http', 'ws'),
    dropId,
    tokens: followerTokens,
    onStock: (stockFrame) => {
      state.latest = stockFrame;
      if (stockFrame.status !== 'live') return;
      if (stockFrame.free === 0) state.soldOutAfterMs ??= Date.now() - opensAt;
      // Units that a refused payment or an ended hold has set free.
      else if (state.soldOutAfterMs !== null) crowd.pressAgain(stockFrame.free);
    },
  });
  const state: SaleState = {
    counters: crowd.counters,
    payers,
    followers,
    opensAt,
    latest: null,
    soldOutAfterMs: null,
  };
  try {
    screen.note(`${format(followerCount)} followers connect, ${format(buyers)} buyers get ready`);
    await Promise.all([followers.connect(), crowd.ready()]);
    screen.start(state);
    await followers.started();
    crowd.press();
    await until(SALE_TIMEOUT_MS, () => isOver(state, stock, buyers));
    const crowdFindings = await crowd.finish();
    // Read before the notices are counted: what the server says is asked while it still can.
    const drop = (await call(url, 'GET', `/v1/drops/${dropId}`, null)) as Evidence['drop'];
    const lateOrders = crowd.orders.filter(
      ({ orderId }) => payers.paymentOf.get(orderId) === 'late',
    );
    const refundRequested = new Set<string>();
    const finalStatus = new Map<string, string>();
    for (const { orderId, userId } of lateOrders) {
      const order = (await call(url, 'GET', `/v1/orders/${orderId}`, tokenOf(userId))) as {
        status: string;
        refundRequested?: boolean;
      };
      finalStatus.set(orderId, order.status);
      if (order.refundRequested === true) refundRequested.add(orderId);
    }
    const expected = crowd.orders.flatMap(({ orderId, userId }) => {
      const follower = followerOf(plan, userId, followerCount);
      if (follower === null) return [];
      const types = noticesOf(payers.paymentOf.get(orderId), finalStatus.get(orderId));
      return types.map((type) => ({ follower, type, orderId }));
    });
    const delivered = (): number =>
      expected.filter((it) => followers.hasNotice(it.follower, it.type, it.orderId)).length;
    await until(NOTICES_TIMEOUT_MS, () => delivered() === expected.length);
    return {
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
      toldStarted: followers.told('drop.started'),
      toldSoldOut: followers.told('drop.sold_out'),
      noticesExpected: expected.length,
      noticesDelivered: delivered(),
      crowdFindings,
      paymentFindings: payers.findings,
      liveFindings: followers.findings,
    };
  } finally {
    screen.stop();
    payers.stop();
    followers.close();
    await crowd.stop();
  }
}

function isOver({ counters, payers, latest }: SaleState, stock: number, buyers: number): boolean {
  return (
    counters.get('buyersAnswered') === buyers &&
    payers.pending === 0 &&
    latest !== null &&
    latest.held === 0 &&
    latest.sold === stock
  );
}

function followerOf(plan: Plan, userId: string, followerCount: number): number | null {
  const buyer = Number(userId.slice(plan.userId(0).length - 1));
  return buyer < followerCount ? buyer : null;
}

/** What a follower is to be told about an order, by how it was paid. */
function noticesOf(payment: Payment | undefined, lateEnd: string | undefined): string[] {
  switch (payment) {
    case 'prompt':
      return ['order.confirmed'];
    case 'refused':
      return ['order.failed'];
    case 'late':
      return ['order.expired', `order.${lateEnd}`];
    case 'never':
      return ['order.expired'];
    case undefined:
      return [];
  }
}

/** Resolves when `condition` holds, or when the time is over: the proof tells which. */
async function until(timeoutMs: number, condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!condition() && performance.now() < giveUpAt) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

async function verify(environment: Readonly<Record<string, string>>): Promise<string[] | null> {
  const { output } = await runCommand(environment, ['verify', '--json']);
  try {
    return (JSON.parse(output) as { findings: string[] }).findings;
  } catch {
    // No report is a finding of its own; the command has told why on stderr.
    return null;
  }
}

function conclude(evidence: Evidence): void {
  const proof = prove(evidence);
  let text = '  The proof\n';
  for (const { passed, text: what, findings } of proof) {
    text += `  ${passed ? 'PASS' : 'FAIL'}  ${what}\n`;
    for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) text += `        ${finding}\n`;
    const more = findings.length - FINDINGS_SHOWN_MAX;
    if (more > 0) text += `        and ${more} more\n`;
  }
  const failed = proof.filter(({ passed }) => !passed).length;
  text += failed === 0 ? '\n  All hold.\n' : `\n  ${failed} of ${proof.length} do not hold.\n`;
  process.stdout.write(text);
  if (failed > 0) process.exitCode = 1;
}
