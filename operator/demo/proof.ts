// The end of the demo: compares the acknowledged orders with the journal on disk. Pure, so that
// tests can pass in a sale with errors.

import type { OrderStatus } from '../../contracts/orders.ts';
import type { Reached } from './away.ts';
import type { CountedSale } from './counted-sale.ts';
import type { AcknowledgedOrder } from './crowd.ts';
import type { VerifiedLedger } from './ledger-bundle.ts';
import type { Payment } from './plan.ts';
import { format } from './screen.ts';

/** An order as a replay of the journal gives it. */
export interface JournalOrder {
  readonly orderId: string;
  readonly userId: string;
  /** Null: not known from where the order was read. */
  readonly key: string | null;
  readonly quantity: number;
  readonly status: OrderStatus;
}

export interface Evidence {
  readonly buyers: number;
  readonly buyersAnswered: number;
  readonly stock: number;
  /** The drop in the last answer to `GET /v1/drops/{id}`. */
  readonly drop: { readonly held: number; readonly sold: number; readonly free: number };
  readonly acknowledged: readonly AcknowledgedOrder[];
  readonly journal: readonly JournalOrder[];
  readonly paymentOf: ReadonlyMap<string, Payment>;
  /** Orders paid late for which the server reports a requested refund. */
  readonly refundRequested: ReadonlySet<string>;
  readonly webhookCalls: number;
  readonly repeats: number;
  readonly frames: number;
  readonly followers: number;
  readonly sawStart: number;
  readonly sawSellOut: number;
  readonly noticesExpected: number;
  readonly noticesDelivered: number;
  /** Those who were away, by push and mail. */
  readonly reached: Reached;
  /** By the order's id: messages to the creator's webhook. */
  readonly toldOf: ReadonlyMap<string, number>;
  /** Calls that came again, with the ids that they had. */
  readonly toldAgain: number;
  /** What the analytics have of the drop. */
  readonly counted: CountedSale;
  /** The bundle of the ledger, which the verifier read. */
  readonly ledger: VerifiedLedger;
  readonly stoppedInOrder: boolean;
  /** The findings of `livedrops verify`; null if the command did not finish. */
  readonly verified: readonly string[] | null;
  readonly crowdFindings: readonly string[];
  readonly paymentFindings: readonly string[];
  readonly liveFindings: readonly string[];
  readonly toldFindings: readonly string[];
}

export interface ProofLine {
  readonly passed: boolean;
  readonly text: string;
  /** One sentence for each error. */
  readonly findings: readonly string[];
}

export function prove(evidence: Evidence): ProofLine[] {
  return [
    answered(evidence),
    sold(evidence),
    duplicates(evidence),
    acknowledged(evidence),
    payments(evidence),
    refunds(evidence),
    live(evidence),
    notices(evidence),
    pushes(evidence),
    mails(evidence),
    told(evidence),
    counted(evidence),
    ledger(evidence),
    verified(evidence),
  ];
}

export function line(text: string, findings: readonly string[], passed = true): ProofLine {
  return { passed: passed && findings.length === 0, text, findings };
}

export function answered({
  buyers,
  buyersAnswered,
  crowdFindings,
}: Pick<Evidence, 'buyers' | 'buyersAnswered' | 'crowdFindings'>): ProofLine {
  const text = `${format(buyersAnswered)} of ${format(buyers)} buyers got an answer`;
  return line(text, crowdFindings, buyers === buyersAnswered);
}

function sold({ stock, drop, journal }: Evidence): ProofLine {
  let units = 0;
  for (const order of journal) if (order.status === 'confirmed') units += order.quantity;
  return line(
    `${format(units)} units sold of ${format(stock)} in the journal; ` +
      `${format(drop.sold)} in the server's answer`,
    [],
    units === stock && drop.sold === stock && drop.held === 0 && drop.free === 0,
  );
}

export function duplicates({ journal, repeats }: Pick<Evidence, 'journal' | 'repeats'>): ProofLine {
  const seen = new Set<string>();
  const findings: string[] = [];
  for (const { userId, orderId } of journal) {
    if (seen.has(userId)) findings.push(`${userId} has a second order, ${orderId}`);
    seen.add(userId);
  }
  const text = `${findings.length} duplicate orders after ${format(repeats)} repeated requests`;
  return line(text, findings);
}

export function acknowledged(
  { acknowledged: promised, journal }: Pick<Evidence, 'acknowledged' | 'journal'>,
  where = 'the journal',
): ProofLine {
  const found = new Map<string, JournalOrder>();
  const findings: string[] = [];
  for (const order of journal) {
    if (found.has(order.orderId)) findings.push(`${order.orderId} is in ${where} twice`);
    found.set(order.orderId, order);
  }
  let matched = 0;
  for (const { orderId, userId, key } of promised) {
    const order = found.get(orderId);
    if (order?.userId === userId && (order.key ?? key) === key) matched++;
    else findings.push(`${orderId} of ${userId} was acknowledged but is not in ${where}`);
    found.delete(orderId);
  }
  for (const orderId of found.keys())
    findings.push(`${orderId} is in ${where} but was not acknowledged`);
  const total = format(promised.length);
  const text = `${format(matched)} of ${total} acknowledged orders are in ${where}`;
  return line(text, findings);
}

const EXPECTED: Readonly<Record<Payment, readonly OrderStatus[]>> = {
  prompt: ['confirmed'],
  refused: ['failed'],
  'refused-late': ['failed', 'expired'],
  late: ['confirmed', 'failed'],
  never: ['expired'],
};

function payments({ journal, paymentOf, webhookCalls, paymentFindings }: Evidence): ProofLine {
  const findings = [...paymentFindings];
  let right = 0;
  for (const { orderId, status } of journal) {
    const payment = paymentOf.get(orderId);
    if (payment !== undefined && EXPECTED[payment].includes(status)) right++;
    else findings.push(`${orderId} is ${status}, its payment: ${payment ?? 'unknown'}`);
  }
  const calls = format(webhookCalls);
  return line(
    `${format(right)} orders match their payments, after ${calls} webhook calls`,
    findings,
  );
}

function refunds({ journal, paymentOf, refundRequested }: Evidence): ProofLine {
  const findings: string[] = [];
  let late = 0;
  let again = 0;
  let refunded = 0;
  for (const { orderId, status } of journal) {
    if (paymentOf.get(orderId) !== 'late') continue;
    late++;
    if (status === 'confirmed') again++;
    else if (refundRequested.has(orderId)) refunded++;
    else findings.push(`${orderId} was paid late and has neither a unit nor a refund`);
  }
  return line(`${late} paid late: ${again} got a unit, ${refunded} get a refund`, findings);
}

export function live(
  {
    followers,
    sawStart: toldStarted,
    sawSellOut: toldSoldOut,
    frames,
    liveFindings,
  }: Pick<Evidence, 'followers' | 'sawStart' | 'sawSellOut' | 'frames' | 'liveFindings'>,
  who = 'followers',
): ProofLine {
  return line(
    `${toldStarted} and ${toldSoldOut} of ${followers} ${who} received start and sell-out ` +
      `(${format(frames)} frames)`,
    liveFindings,
    toldStarted === followers && toldSoldOut === followers,
  );
}

function notices({ noticesExpected, noticesDelivered }: Evidence): ProofLine {
  return line(
    `${noticesDelivered} of ${noticesExpected} notifications about followers' orders arrived live`,
    [],
    noticesDelivered === noticesExpected,
  );
}

/**
 * A push comes at least once. On a machine that is too busy to answer in time some come again, and
 * more than this share of them is a defect.
 */
const REPEATS_SHARE_MAX = 0.25;

function pushes({ reached }: Evidence): ProofLine {
  const { pushesExpected, startsExpected, repeats, gone, findings } = reached;
  const expected = pushesExpected + startsExpected;
  const text =
    `${reached.starts} of ${startsExpected} followers and ${reached.pushes} of ` +
    `${pushesExpected} buyers who were away got their push, ` +
    `${repeats === 0 ? 'once' : `${repeats} again`}; ${gone} gone browsers were removed`;
  const passed =
    reached.pushes + reached.starts === expected && repeats <= expected * REPEATS_SHARE_MAX;
  return line(text, findings, passed);
}

function mails({ reached: { mails: sent, mailsExpected } }: Evidence): ProofLine {
  const text = `${sent} of ${mailsExpected} mails about the drop were sent, once`;
  return line(text, [], sent === mailsExpected);
}

function told({ journal, toldOf, toldAgain, toldFindings }: Evidence): ProofLine {
  const findings = [...toldFindings];
  const confirmed = journal.filter(({ status }) => status === 'confirmed');
  let once = 0;
  for (const { orderId } of confirmed) {
    const calls = toldOf.get(orderId) ?? 0;
    if (calls === 1) once++;
    else findings.push(`the creator's webhook had ${calls} messages about ${orderId}`);
  }
  const text =
    `${format(once)} of ${format(confirmed.length)} confirmed orders reached the creator's ` +
    `webhook, signed, once${toldAgain === 0 ? '' : `, by its id; ${toldAgain} came again`}`;
  return line(text, findings, toldOf.size === confirmed.length);
}

function counted({ counted: { placed, units }, journal, drop }: Evidence): ProofLine {
  const text =
    `${format(placed)} orders and ${format(units)} sold units in the analytics, ` +
    'as in the journal';
  const findings: string[] = [];
  if (placed !== journal.length) findings.push(`the journal has ${journal.length} orders`);
  if (units !== drop.sold) findings.push(`${drop.sold} units were sold`);
  return line(text, findings);
}

function ledger({ ledger: { heads, leaves, key, findings } }: Evidence): ProofLine {
  const signed = `${format(leaves)} leaves under ${format(heads)} heads`;
  const text = `${signed}: the ledger is verified by ${key}`;
  return line(text, findings, leaves > 0);
}

function verified({ stoppedInOrder, verified: findings }: Evidence): ProofLine {
  const text = 'Stopped in order; journal, live state and read models agree';
  return line(text, findings ?? ['`livedrops verify` did not finish'], stoppedInOrder);
}

const FINDINGS_SHOWN_MAX = 5;

/** The lines as text, with the first findings of each, and whether all passed. */
export function proofText(title: string, proof: readonly ProofLine[]): string {
  let text = `  ${title}\n`;
  for (const { passed, text: claim, findings } of proof) {
    text += `  ${passed ? 'PASS' : 'FAIL'}  ${claim}\n`;
    for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) text += `        ${finding}\n`;
    const more = findings.length - FINDINGS_SHOWN_MAX;
    if (more > 0) text += `        and ${more} more\n`;
  }
  const failed = proof.filter(({ passed }) => !passed).length;
  const end = failed === 0 ? 'All passed.' : `${failed} of ${proof.length} failed.`;
  return `${text}\n  ${end}\n`;
}
