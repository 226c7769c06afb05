// Reads the server's final state after a run: every feed, list and count that clients can read. The
// calls are ordinary ones, so they are in the history too.

import type { Caller } from './caller.ts';
import type { FinalState, Notice, ShownDrop, ShownOrder } from './history.ts';
import { noticeOf } from './watchers.ts';
import type { World } from './world.ts';

const CLIENT = 'the auditor';
const PAGE_LENGTH = 100;
const PAGES_MAX = 1000;
const AT_ONCE = 8;
const SETTLE_POLLS_MAX = 200;
const SETTLE_POLL_DELAY_MS = 50;
/** The longest allowed lag of lists (O9). */
const LIST_LAG_MS = 1000;

/** Resolves when no drop has held units and the read models had time to catch up. */
export async function settled(caller: Caller, dropIds: readonly string[]): Promise<void> {
  for (let poll = 0; poll < SETTLE_POLLS_MAX; poll++) {
    const held = await mapBounded(dropIds, async (id) => {
      const path = `/v1/drops/${id}`;
      const { json } = await caller.drop({
        client: CLIENT,
        what: `reads ${id}`,
        method: 'GET',
        path,
      });
      return json['held'];
    });
    if (held.every((units) => units === 0)) {
      await pause(LIST_LAG_MS);
      return;
    }
    await pause(SETTLE_POLL_DELAY_MS);
  }
  throw new Error('O11: holds do not end');
}

export async function readFinalState(caller: Caller, world: World): Promise<FinalState> {
  const feeds = new Map<string, Notice[]>();
  const orderLists = new Map<string, ShownOrder[]>();
  const following = new Map<string, string[]>();
  await mapBounded(world.buyers, async (userId) => {
    const token = world.token(userId);
    const notices = await listAll(caller, '/v1/notifications', token);
    feeds.set(
      userId,
      notices.map(({ id, type, data }) =>
        noticeOf(String(id), type, data as Record<string, unknown>),
      ),
    );
    const orders = await listAll(caller, '/v1/orders', token);
    orderLists.set(userId, orders as unknown as ShownOrder[]);
    const creators = await listAll(caller, `/v1/users/${userId}/following`);
    following.set(
      userId,
      creators.map((creator) => String(creator['userId'])),
    );
  });
  const dropLists = new Map<string, ShownDrop[]>();
  const followers = new Map<string, { ids: string[]; count: number }>();
  for (const creatorId of world.creators) {
    const drops = await listAll(caller, `/v1/drops?creator_id=${creatorId}`);
    dropLists.set(creatorId, drops as unknown as ShownDrop[]);
    const listed = await listAll(caller, `/v1/creators/${creatorId}/followers`);
    const { json } = await read(caller, `/v1/users/${creatorId}`);
    const count = Number(json['followerCount']);
    followers.set(creatorId, { ids: listed.map(({ userId }) => String(userId)), count });
  }
  const accounts = new Set<string>();
  const registered = new Set(caller.history.registrations.map(({ userId }) => userId));
  await mapBounded([...registered], async (userId) => {
    if (userId === null) return;
    const { status } = await read(caller, `/v1/users/${userId}`);
    if (status === 200) accounts.add(userId);
  });
  return { feeds, orderLists, dropLists, followers, following, accounts };
}

type Item = Readonly<Record<string, unknown>>;

/** Reads every page of a list; returns the items oldest first. */
async function listAll(caller: Caller, path: string, token?: string): Promise<Item[]> {
  const items: Item[] = [];
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const query = `${path.includes('?') ? '&' : '?'}limit=${PAGE_LENGTH}${cursor}`;
    const { status, json } = await read(caller, path + query, token);
    if (status !== 200) throw new Error(`${path} was answered ${status}`);
    items.push(...(json['items'] as Item[]));
    const { nextCursor } = json;
    if (typeof nextCursor !== 'string') return items.reverse();
    cursor = `&cursor=${nextCursor}`;
  }
  throw new Error(`${path} has no end`);
}

function read(caller: Caller, path: string, token?: string) {
  const call = { client: CLIENT, what: `reads ${path}`, method: 'GET', path };
  return caller.call(token === undefined ? call : { ...call, token });
}

export async function mapBounded<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await map(items[at]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
