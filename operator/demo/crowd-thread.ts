// The crowd: all buyers, in a thread of its own so that the terminal stays live. Real HTTP, a token
// for each buyer, a bounded number of sockets. It checks at once what only it can see: that the
// same key is always answered with the same order.

import { parentPort, workerData } from 'node:worker_threads';
import { AccessTokens } from '../../services/access-tokens.ts';
import type { AcknowledgedOrder, CrowdCommand, CrowdData, CrowdMessage } from './crowd.ts';
import { type HttpAnswer, HttpPool, httpRequest } from './http-pool.ts';
import { LoadCounters } from './load-counters.ts';
import { Plan } from './plan.ts';

const TOKEN_SECONDS = 3600;
const ATTEMPTS_MAX = 20;
/** Before asking again after an answer that asks for patience, or none at all. */
const RETRY_DELAY_MS = 200;
const EXTRA_PRESSES_OF_THE_IMPATIENT = 2;
/** Waiting buyers who press for each unit that came free. */
const BUYERS_FOR_A_FREE_UNIT = 2;
const REPORT_INTERVAL_MS = 20;
const BODY = '{"quantity":1}';

const data = workerData as CrowdData;
const port = parentPort!;
const plan = new Plan({ seed: data.seed });
const counters = new LoadCounters({ memory: data.counters });
const tokens = new AccessTokens({ secret: data.authSecret });
const host = `${data.host}:${data.port}`;
const pool = new HttpPool({
  host: data.host,
  port: data.port,
  connectionsMax: data.connections,
  waitingMax: data.buyers * (EXTRA_PRESSES_OF_THE_IMPATIENT + 2),
});

/** Signed ahead, so that pressing costs no more than sending. */
const accessOf = Array.from({ length: data.buyers }, (_, buyer) => {
  const claims = { userId: plan.userId(buyer), roles: [], lifetimeSeconds: TOKEN_SECONDS };
  return `Bearer ${tokens.sign(claims)}`;
});
const orderOf: (string | null)[] = Array.from({ length: data.buyers }, () => null);
const hasAnswer = new Uint8Array(data.buyers);
/** Buyers who were told that it is sold out, first come first; they press when units come free. */
const turnedAway: number[] = [];
let nextTurnedAway = 0;
let fresh: AcknowledgedOrder[] = [];
let path = '';
let pending = 0;
let pressedAt = 0;
const findings: string[] = [];

function requestOf(buyer: number): string {
  return httpRequest({
    method: 'POST',
    path,
    host,
    headers: { authorization: accessOf[buyer]!, 'idempotency-key': plan.key(buyer) },
    body: BODY,
  });
}

function press(buyer: number, attempt: number, isRepeat: boolean): void {
  const knownBefore = orderOf[buyer]!;
  if (attempt === 0) pending++;
  pool.request(requestOf(buyer), (answer) => {
    if (mustAskAgain(answer) && attempt < ATTEMPTS_MAX) {
      setTimeout(press, RETRY_DELAY_MS, buyer, attempt + 1, isRepeat);
      return;
    }
    pending--;
    counters.add('answered');
    counters.addLatency(answer.tookMs);
    if (isRepeat) counters.add('repeats');
    if (answer.status === 201) take(buyer, answer);
    else if (answer.status === 409) turnAway(buyer, knownBefore, isRepeat);
    else other(buyer, answer);
    if (hasAnswer[buyer] === 0) {
      hasAnswer[buyer] = 1;
      counters.add('buyersAnswered');
      counters.set('crowdMs', Math.ceil(performance.now() - pressedAt));
    }
    if (!isRepeat && plan.habit(buyer) === 'forgetful') press(buyer, 0, true);
  });
}

/** Nobody knows (a broken connection), or the server asks to come back: same key, same order. */
function mustAskAgain({ status }: HttpAnswer): boolean {
  return status === 0 || status === 429 || status === 503;
}

function take(buyer: number, answer: HttpAnswer): void {
  const { id, holdExpiresAt } = JSON.parse(answer.body) as { id: string; holdExpiresAt: string };
  const known = orderOf[buyer]!;
  if (known !== null) {
    if (known !== id) findings.push(`${plan.userId(buyer)} got ${known} and then ${id}`);
    return;
  }
  orderOf[buyer] = id;
  counters.add('placed');
  fresh.push({
    orderId: id,
    userId: plan.userId(buyer),
    key: plan.key(buyer),
    holdExpiresAt: Date.parse(holdExpiresAt),
    pressedAgain: hasAnswer[buyer] === 1,
  });
}

function turnAway(buyer: number, knownBefore: string | null, isRepeat: boolean): void {
  if (knownBefore !== null) {
    findings.push(`${plan.userId(buyer)} has ${knownBefore}, and was then told it is sold out`);
  }
  counters.add('soldOut');
  if (!isRepeat) turnedAway.push(buyer);
}

function other(buyer: number, answer: HttpAnswer): void {
  findings.push(
    `${plan.userId(buyer)} was answered ${answer.status}: ${answer.body.slice(0, 200)}`,
  );
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
  const until = Math.min(turnedAway.length, nextTurnedAway + freeUnits * BUYERS_FOR_A_FREE_UNIT);
  while (nextTurnedAway < until) {
    const buyer = turnedAway[nextTurnedAway++]!;
    if (orderOf[buyer] === null) press(buyer, 0, false);
  }
}

function tell(message: CrowdMessage): void {
  port.postMessage(message);
}

function report(): void {
  if (fresh.length === 0) return;
  tell({ type: 'orders', orders: fresh });
  fresh = [];
}

function finish(): void {
  if (pending > 0) {
    setTimeout(finish, REPORT_INTERVAL_MS);
    return;
  }
  report();
  clearInterval(reporting);
  pool.close();
  tell({ type: 'finished', findings });
  port.close();
}

const reporting = setInterval(report, REPORT_INTERVAL_MS);
await pool.warmUp();
port.on('message', (command: CrowdCommand) => {
  if (command.type === 'press') pressAll(command.dropId);
  else if (command.type === 'press-again') pressAgain(command.freeUnits);
  else finish();
});
tell({ type: 'ready' });
