// Compares the final read models with the journal (feeds, order lists, drop lists) and with the
// clients' answers (follows, accounts), and live notifications with the feed.

import {
  describe,
  type FinalState,
  type FollowChange,
  type History,
  type LiveNotice,
  type Notice,
  type ShownOrder,
  type Tolerance,
  type Where,
} from './history.ts';
import type { ExpectedNotice, TrueOrder, Truth } from './truth.ts';

export function checkReaders(
  history: History,
  truth: Truth,
  final: FinalState,
  tolerance: Tolerance,
): string[] {
  return [
    ...checkFeeds(truth, final),
    ...checkLiveNotices(history, final),
    ...checkOrderLists(truth, final),
    ...checkDropLists(truth, final),
    ...checkFollows(history, final, tolerance),
    ...checkAccounts(history, final),
  ];
}

function noticeText({ type, orderId, refundRequested }: Omit<Notice, 'id'>): string {
  return `${type} ${orderId}${refundRequested ? ' with a refund' : ''}`;
}

/** Each feed has each notification once, and the notifications of one drop in order (N2). */
function checkFeeds(truth: Truth, final: FinalState): string[] {
  const findings: string[] = [];
  const expected = new Map<string, ExpectedNotice[]>();
  for (const { notices } of truth.drops.values()) {
    for (const notice of notices) {
      const ofUser = expected.get(notice.userId);
      if (ofUser === undefined) expected.set(notice.userId, [notice]);
      else ofUser.push(notice);
    }
  }
  for (const [userId, notices] of expected) {
    const feed = final.feeds.get(userId) ?? [];
    findings.push(...checkFeed(userId, notices, feed));
  }
  for (const [userId, feed] of final.feeds) {
    if (!expected.has(userId) && feed.length > 0) {
      findings.push(`N2: ${userId} received ${noticeText(feed[0]!)}, which did not happen`);
    }
  }
  return findings;
}

function checkFeed(
  userId: string,
  expected: readonly ExpectedNotice[],
  feed: readonly Notice[],
): string[] {
  const findings: string[] = [];
  const counts = new Map<string, number>();
  for (const notice of expected) counts.set(noticeText(notice), 0);
  for (const notice of feed) {
    const text = noticeText(notice);
    const count = counts.get(text);
    if (count === undefined) findings.push(`N2: ${userId} received ${text}, which did not happen`);
    else counts.set(text, count + 1);
  }
  for (const [text, count] of counts) {
    if (count !== 1) findings.push(`N2: the feed of ${userId} has ${text} ${count} times`);
  }
  if (findings.length > 0) return findings;
  const dropOf = ({ orderId }: Omit<Notice, 'id'>) => orderId.slice(0, orderId.indexOf('-'));
  const right = Map.groupBy(expected, dropOf);
  for (const [dropId, received] of Map.groupBy(feed, dropOf)) {
    const expectedOrder = right.get(dropId)!;
    const at = received.findIndex(
      (notice, i) => noticeText(notice) !== noticeText(expectedOrder[i]!),
    );
    if (at >= 0) findings.push(`N2: ${userId} received ${noticeText(received[at]!)} out of order`);
  }
  return findings;
}

/** A client that resumes after each reconnect gets the whole feed, each notification once (N7). */
function checkLiveNotices(history: History, final: FinalState): string[] {
  const findings: string[] = [];
  for (const [userId, received] of Map.groupBy(history.liveNotices, (notice) => notice.userId)) {
    const feed = final.feeds.get(userId) ?? [];
    const wrong = received.findIndex(({ notice }, i) => !isSame(notice, feed[i]));
    if (wrong >= 0) findings.push(wrongNotice(userId, received[wrong]!, feed[wrong]));
    else if (received.length < feed.length) {
      const missing = noticeText(feed[received.length]!);
      findings.push(`N7: ${userId} never received live ${missing}, number ${received.length + 1}`);
    }
  }
  return findings;
}

function isSame(notice: Notice, feedNotice: Notice | undefined): boolean {
  return (
    feedNotice !== undefined &&
    notice.id === feedNotice.id &&
    noticeText(notice) === noticeText(feedNotice)
  );
}

function wrongNotice(userId: string, { where, notice }: LiveNotice, feedNotice?: Notice): string {
  const expectedOrder =
    feedNotice === undefined ? 'none' : `${feedNotice.id}, ${noticeText(feedNotice)}`;
  return (
    `N7: ${userId} received live ${notice.id}, ${noticeText(notice)}; ` +
    `the feed goes on with ${expectedOrder}; ${describe(where)}`
  );
}

/** Each user's list has all of the user's orders in their last state (O9). */
function checkOrderLists(truth: Truth, final: FinalState): string[] {
  const findings: string[] = [];
  const orders = [...truth.drops.values()].flatMap((drop) => drop.orders);
  const byUser = Map.groupBy(orders, (order) => order.userId);
  for (const userId of new Set([...byUser.keys(), ...final.orderLists.keys()])) {
    const listed = new Map((final.orderLists.get(userId) ?? []).map((order) => [order.id, order]));
    const length = final.orderLists.get(userId)?.length ?? 0;
    if (listed.size !== length) findings.push(`O9: the list of ${userId} repeats an order`);
    for (const order of byUser.get(userId) ?? []) {
      const wrong = listedWrongly(order, listed.get(order.id));
      if (wrong !== null) findings.push(`O9: the list of ${userId} has ${order.id} ${wrong}`);
      listed.delete(order.id);
    }
    for (const id of listed.keys()) findings.push(`O9: the list of ${userId} has ${id}, not there`);
  }
  return findings;
}

function listedWrongly({ steps, quantity }: TrueOrder, listed?: ShownOrder): string | null {
  const { status, version } = steps.at(-1)!;
  if (listed === undefined) return 'not at all';
  const same =
    listed.status === status && listed.version === version && listed.quantity === quantity;
  return same ? null : `${listed.status} at ${listed.version}, it is ${status} at ${version}`;
}

function checkDropLists(truth: Truth, final: FinalState): string[] {
  const findings: string[] = [];
  for (const [dropId, { terms, stock }] of truth.drops) {
    const list = final.dropLists.get(terms.creatorId) ?? [];
    const rows = list.filter(({ id }) => id === dropId);
    const is = stock.at(-1)!;
    const right = rows.length === 1 && rows[0]!.status === is.status;
    if (!right) {
      const as = rows.map(({ status }) => status).join(' and ') || 'not at all';
      findings.push(`D4: ${dropId} is ${is.status}, and listed ${as}`);
    }
  }
  return findings;
}

/**
 * Each user's last acknowledged follow or unfollow is in effect, unless a change with unknown
 * outcome came later or may have been processed later.
 */
function checkFollows(history: History, final: FinalState, { lateMs }: Tolerance): string[] {
  const findings: string[] = [];
  const pair = ({ userId, creatorId }: FollowChange) => `${userId} ${creatorId}`;
  for (const changes of Map.groupBy(history.follows, pair).values()) {
    const { userId, creatorId } = changes[0]!;
    const following = final.followers.get(creatorId)?.ids.includes(userId) ?? false;
    const sure = changes.findLastIndex(({ where }) => where.status === 204);
    const sureSince = changes[sure]?.where.beganAt ?? 0;
    const mayComeLate = ({ status, endedAt }: Where): boolean =>
      (status === 0 || status === 503) && lateMs > 0 && endedAt + lateMs >= sureSince;
    const possible = changes
      .filter(({ where }, i) => i >= sure || mayComeLate(where))
      .map((change) => change.following);
    // Before the first acknowledged change, the user did not follow.
    if (sure < 0) possible.push(false);
    if (!possible.includes(following)) {
      const received = describe(changes[Math.max(sure, 0)]!.where);
      findings.push(
        `F1: ${userId} ${following ? 'follows' : 'does not follow'} ${creatorId}; ${received}`,
      );
    }
  }
  findings.push(...checkFollowLists(final));
  return findings;
}

/** The creators' lists, their counts and the users' lists say the same (F3, F5). */
function checkFollowLists({ followers, following }: FinalState): string[] {
  const findings: string[] = [];
  for (const [userId, creatorIds] of following) {
    for (const [creatorId, { ids }] of followers) {
      const [byUser, byCreator] = [creatorIds.includes(creatorId), ids.includes(userId)];
      if (byUser === byCreator) continue;
      const [yes, no] = byUser ? [userId, creatorId] : [creatorId, userId];
      findings.push(
        `F5: ${userId} follows ${creatorId} in the list of ${yes}, and not in that of ${no}`,
      );
    }
  }
  for (const [creatorId, { ids, count }] of followers) {
    if (new Set(ids).size !== ids.length) findings.push(`F2: the followers of ${creatorId} repeat`);
    if (ids.length !== count) {
      findings.push(`F3: ${creatorId} has ${ids.length} followers, the count says ${count}`);
    }
  }
  return findings;
}

function checkAccounts(history: History, final: FinalState): string[] {
  return history.registrations
    .filter(({ userId }) => userId !== null && !final.accounts.has(userId))
    .map(({ where, email }) => `A1: the account of ${email} is not there; ${describe(where)}`);
}
