// The crowd of the demo: all buyers, in a worker thread, so that the terminal stays responsive. It
// uses real HTTP, a token for each buyer and a bounded number of sockets. It checks what only the
// crowd sees: every answer to one idempotency key names the same order.

import { parentPort, workerData } from 'node:worker_threads';
import { AccessTokens } from '../../app/access-tokens.ts';
import type { AcknowledgedOrder, CrowdCommand, CrowdData, CrowdMessage } from './crowd.ts';
import { type HttpAnswer, HttpPool, httpRequest } from './http-pool.ts';
import { LoadCounters } from './load-counters.ts';
import { Plan } from './plan.ts';

const TOKEN_SECONDS = 3600;
const ATTEMPTS_MAX = 20;
/** The delay before a retry, after status 429 or 503 or a broken connection. */
const RETRY_DELAY_MS = 200;
const EXTRA_PRESSES_OF_THE_IMPATIENT = 2;
/** Sold-out buyers who order again for each unit that came free. */
const BUYERS_FOR_A_FREE_UNIT = 2;
const REPORT_INTERVAL_MS = 20;
const BODY = '{"quantity":1}';

const data = workerData as CrowdData;
const port = parentPort!;
const plan = new Plan(data);
const counters = new LoadCounters({ memory: data.counters });
const tokens = new AccessTokens({ secret: data.authSecret });
const host = data.secure === true ? data.host : `${data.host}:${data.port}`;
const pool = new HttpPool({
  host: data.host,
  port: data.port,
  secure: data.secure ?? false,
  connectionsMax: data.connections,
  waitingMax: data.buyers * (EXTRA_PRESSES_OF_THE_IMPATIENT + 2),
});

/** Signed in advance, so that placing an order costs only the sending. */
const authorizationOf = Array.from({ length: data.buyers }, (_, buyer) => {
  const claims = { userId: plan.userId(buyer), roles: [], lifetimeSeconds: TOKEN_SECONDS };
  return `Bearer ${tokens.sign(claims)}`;
});
const orderOf: (string | null)[] = Array.from({ length: data.buyers }, () => null);
const hasAnswer = new Uint8Array(data.buyers);
/** Buyers with a sold-out answer, in the order of the answers. They order again later. */
const soldOutBuyers: number[] = [];
let nextSoldOutBuyer = 0;
let unreported: AcknowledgedOrder[] = [];
let path = '';
let pending = 0;
let pressedAt = 0;
const findings: string[] = [];

function requestOf(buyer: number): string {
  return httpRequest({
    method: 'POST',
    path,
    host,
    headers: { authorization: authorizationOf[buyer]!, 'idempotency-key': plan.key(buyer) },
    body: BODY,
  });
}

function press(buyer: number, attempt: number, isRepeat: boolean): void {
  const knownBefore = orderOf[buyer]!;
  if (attempt === 0) pending++;
  pool.request(requestOf(buyer), (answer) => {
    if (mustRetry(answer) && attempt < ATTEMPTS_MAX) {
      counters.add('retried');
      setTimeout(press, RETRY_DELAY_MS, buyer, attempt + 1, isRepeat);
      return;
    }
    pending--;
    counters.add('answered');
    counters.addLatency(answer.tookMs);
    if (isRepeat) counters.add('repeats');
    if (answer.status === 201) recordOrder(buyer, answer);
    else if (answer.status === 409) recordSoldOut(buyer, knownBefore, isRepeat);
    else recordUnexpected(buyer, answer);
    if (hasAnswer[buyer] === 0) {
      hasAnswer[buyer] = 1;
      counters.add('buyersAnswered');
      counters.set('crowdMs', Math.ceil(performance.now() - pressedAt));
    }
    if (!isRepeat && plan.habit(buyer) === 'forgetful') press(buyer, 0, true);
  });
}

/** The result is unknown, or the server asked for a retry: the same key gives the same order. */
function mustRetry({ status }: HttpAnswer): boolean {
  return status === 0 || status === 429 || status === 503;
}

function recordOrder(buyer: number, answer: HttpAnswer): void {
  const { id, holdExpiresAt } = JSON.parse(answer.body) as { id: string; holdExpiresAt: string };
  const known = orderOf[buyer]!;
  if (known !== null) {
    if (known !== id) findings.push(`${plan.userId(buyer)} got ${known} and then ${id}`);
    return;
  }
  orderOf[buyer] = id;
  counters.add('placed');
  unreported.push({
    orderId: id,
    userId: plan.userId(buyer),
    key: plan.key(buyer),
    holdExpiresAt: Date.parse(holdExpiresAt),
    pressedAgain: hasAnswer[buyer] === 1,
  });
}

function recordSoldOut(buyer: number, knownBefore: string | null, isRepeat: boolean): void {
  if (knownBefore !== null) {
    findings.push(`${plan.userId(buyer)} has ${knownBefore} and then got a sold-out answer`);
  }
  counters.add('soldOut');
  if (!isRepeat) soldOutBuyers.push(buyer);
}

function recordUnexpected(buyer: number, answer: HttpAnswer): void {
  findings.push(`${plan.userId(buyer)} got status ${answer.status}: ${answer.body.slice(0, 200)}`);
}

function pressAll(dropId: string): void {
  path = `/v1/drops/${dropId}/orders`;
  pressedAt = performance.now();
  for (const buyer of plan.pressOrder(data.buyers, data.followers)) {
    press(buyer, 0, false);
    if (plan.habit(buyer) !== 'impatient') continue;
    for (let i = 0; i < EXTRA_PRESSES_OF_THE_IMPATIENT; i++) press(buyer, 0, true);
  }
}

function pressAgain(freeUnits: number): void {
  const until = Math.min(
    soldOutBuyers.length,
    nextSoldOutBuyer + freeUnits * BUYERS_FOR_A_FREE_UNIT,
  );
  while (nextSoldOutBuyer < until) {
    const buyer = soldOutBuyers[nextSoldOutBuyer++]!;
    if (orderOf[buyer] === null) press(buyer, 0, false);
  }
}

function post(message: CrowdMessage): void {
  port.postMessage(message);
}

function reportOrders(): void {
  if (unreported.length === 0) return;
  post({ type: 'orders', orders: unreported });
  unreported = [];
}

function finish(): void {
  if (pending > 0) {
    setTimeout(finish, REPORT_INTERVAL_MS);
    return;
  }
  reportOrders();
  clearInterval(reporting);
  pool.close();
  post({ type: 'finished', findings });
  port.close();
}

const reporting = setInterval(reportOrders, REPORT_INTERVAL_MS);
await pool.warmUp();
port.on('message', (command: CrowdCommand) => {
  if (command.type === 'press') pressAll(command.dropId);
  else if (command.type === 'press-again') pressAgain(command.freeUnits);
  else finish();
});
post({ type: 'ready' });
