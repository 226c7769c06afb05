// The load of the crash test: each client sends one request after another, chosen by its seed,
// until the server is killed. Requests without an answer are recorded and repeated first in the
// next round, with the same key.

import type { Caller } from './caller.ts';
import type { PlacedKey, SaleDrop, World } from './world.ts';
import { Random } from './random.ts';

export interface CrowdOptions {
  readonly caller: Caller;
  readonly world: World;
  readonly seed: number;
  readonly clients: number;
  /** The most accounts to register in this round: each costs a password hash. */
  readonly registrationsMax: number;
  /** Repeat unanswered requests during the round, for servers that come back meanwhile. */
  readonly retriesMeanwhile?: boolean;
}

/** Repeats a request without an answer; resolves to the status. */
export type Retry = (caller: Caller) => Promise<number>;

const QUANTITY_MAX = 3;
const HOLD_MS = 1000;
const RETRIES_AT_ONCE = 16;
const RETRY_ATTEMPTS_MAX = 50;

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #unanswered: Retry[] = [];
  #registrationsLeft: number;
  #over = false;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#registrationsLeft = options.registrationsMax;
  }

  /** Resolves when every client has stopped, to the requests to repeat. */
  async run(): Promise<readonly Retry[]> {
    const { clients, seed } = this.#options;
    await Promise.all(
      Array.from({ length: clients }, async (_, i) => {
        const random = new Random({ seed: Math.imul(seed, 31) + i });
        while (!this.#over) await this.#act(`client ${i + 1}`, random);
      }),
    );
    return this.#unanswered;
  }

  /** No client starts a new request. */
  end(): void {
    this.#over = true;
  }

  async #act(client: string, random: Random): Promise<void> {
    const { caller, world, retriesMeanwhile } = this.#options;
    if (retriesMeanwhile === true && random.chance(0.3)) {
      const again = this.#unanswered.shift();
      if (again !== undefined && isUnknown(await again(caller))) this.#unanswered.push(again);
    }
    const choice = random.next();
    const payable = choice < 0.3 ? world.takePayable(Date.now()) : undefined;
    if (payable !== undefined) {
      const { id: orderId, succeeds: succeeded } = payable;
      const payment = { orderId, succeeded, webhookId: world.fresh('msg_') };
      await this.#doing(random, (by) => by.settle(client, payment));
    } else if (choice < 0.62) await this.#place(client, random);
    else if (choice < 0.7) await this.#placeAgain(client, random);
    else if (choice < 0.88) await this.#read(client, random);
    else if (choice < 0.94) await this.#changeOrder(client, random);
    else if (choice < 0.98) await this.#follow(client, random);
    else if (choice < 0.99) await this.#restock(client, random);
    else await this.#register(client);
  }

  /** Sends a request, sometimes several times at once, and records it if an answer is missing. */
  async #doing(random: Random, act: Retry): Promise<void> {
    const { caller } = this.#options;
    const times = random.chance(0.15) ? random.integer(2, 4) : 1;
    const statuses = await Promise.all(Array.from({ length: times }, () => act(caller)));
    if (statuses.some(isUnknown)) this.#unanswered.push(act);
  }

  async #place(client: string, random: Random): Promise<void> {
    const { world } = this.#options;
    const drop = random.pick(world.drops);
    const userId = random.pick(world.buyers)!;
    if (drop === undefined) return;
    const quantity = random.integer(1, QUANTITY_MAX);
    const placed = { userId, dropId: drop.id, key: world.fresh('key'), quantity };
    world.addKey(placed);
    const fate = random.next();
    await this.#doing(random, (caller) => this.#placeOnce(caller, client, placed, drop, fate));
  }

  async #placeOnce(
    caller: Caller,
    client: string,
    placed: PlacedKey,
    drop: SaleDrop,
    fate: number,
  ): Promise<number> {
    const { world } = this.#options;
    const { status, order } = await caller.place(client, world.token(placed.userId), placed);
    if (order === null) return status;
    world.addOrder(order.id, order.userId, drop);
    // Most payments succeed or fail at once, some come after the hold's end, some never.
    if (drop.payment === 'provider' && fate < 0.85) {
      const payFrom = Date.now() + (fate < 0.65 ? 0 : HOLD_MS * 1.5);
      world.addUnpaid({ id: order.id, userId: order.userId, payFrom, succeeds: fate > 0.15 });
    }
    return status;
  }

  /** Reuses a key: mostly with the same quantity, sometimes wrongly with another one. */
  async #placeAgain(client: string, random: Random): Promise<void> {
    const { world } = this.#options;
    const used = random.pick(world.keys);
    const drop = world.drops.find(({ id }) => id === used?.dropId);
    if (used === undefined || drop === undefined) return;
    const quantity = random.chance(0.15) ? QUANTITY_MAX + 1 : used.quantity;
    const placed = { ...used, quantity };
    await this.#doing(random, (caller) => this.#placeOnce(caller, client, placed, drop, 1));
  }

  async #read(client: string, random: Random): Promise<void> {
    const { caller, world } = this.#options;
    const drop = random.pick(world.drops);
    const order = random.pick(world.orders);
    if (drop === undefined || random.chance(0.5)) {
      if (order === undefined) return;
      const { id, userId } = order;
      const what = `reads order ${id}`;
      const path = `/v1/orders/${id}`;
      await caller.order({ client, what, method: 'GET', path, token: world.token(userId) });
    } else {
      const path = `/v1/drops/${drop.id}`;
      await caller.drop({ client, what: `reads ${drop.id}`, method: 'GET', path });
    }
  }

  async #changeOrder(client: string, random: Random): Promise<void> {
    const { world } = this.#options;
    const order = random.pick(world.orders);
    if (order === undefined) return;
    const cancels = random.chance(0.6);
    const what = cancels ? 'cancel' : 'refund';
    await this.#doing(random, async (caller) => {
      const { status } = await caller.order({
        client,
        what: `asks to ${what} ${order.id}`,
        method: 'POST',
        path: `/v1/orders/${order.id}/${what}`,
        token: world.token(cancels ? order.userId : order.creatorId),
      });
      return status;
    });
  }

  async #follow(client: string, random: Random): Promise<void> {
    const { world } = this.#options;
    const userId = random.pick(world.buyers)!;
    const creatorId = random.pick(world.creators)!;
    const pair = `${userId} ${creatorId}`;
    if (world.busyFollows.has(pair)) return;
    world.busyFollows.add(pair);
    const following = random.chance(0.7);
    const act: Retry = async (caller) => {
      const { where, status } = await caller.call({
        client,
        what: `${following ? 'follows' : 'unfollows'} ${creatorId} as ${userId}`,
        method: following ? 'POST' : 'DELETE',
        path: `/v1/creators/${creatorId}/follow`,
        token: world.token(userId),
      });
      caller.history.follows.push({ where, userId, creatorId, following });
      if (!isUnknown(status)) world.busyFollows.delete(pair);
      return status;
    };
    if (isUnknown(await act(this.#options.caller))) this.#unanswered.push(act);
  }

  /** Not repeated, since a restock has no key. */
  async #restock(client: string, random: Random): Promise<void> {
    const { caller, world } = this.#options;
    const drop = random.pick(world.drops);
    if (drop === undefined) return;
    const units = random.integer(5, 30);
    const { where } = await caller.drop({
      client,
      what: `adds ${units} to ${drop.id}`,
      method: 'PATCH',
      path: `/v1/drops/${drop.id}`,
      token: world.token(drop.creatorId),
      body: { addStock: units },
    });
    caller.history.restocks.push({ where, dropId: drop.id, units });
  }

  async #register(client: string): Promise<void> {
    if (this.#registrationsLeft === 0) return;
    this.#registrationsLeft -= 1;
    const { caller, world } = this.#options;
    const email = `${world.fresh('person')}@example.com`;
    const act: Retry = (again) => register(again, client, email);
    if (isUnknown(await act(caller))) this.#unanswered.push(act);
  }
}

export async function register(caller: Caller, client: string, email: string): Promise<number> {
  const { where, status, json } = await caller.call({
    client,
    what: `registers ${email}`,
    method: 'POST',
    path: '/v1/auth/register',
    body: { email, password: 'correct horse battery staple', name: 'Somebody' },
  });
  const user = json['user'] as { id: string } | undefined;
  const userId = status === 201 && user !== undefined ? user.id : null;
  caller.history.registrations.push({ where, email, userId });
  return status;
}

function isUnknown(status: number): boolean {
  return status === 0 || status === 503;
}

/** Repeats each request until it has an answer. Throws if a request never gets one. */
export async function retryAll(retries: readonly Retry[], caller: Caller): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let retry = retries[next++]; retry !== undefined; retry = retries[next++]) {
      let attempts = 0;
      while (isUnknown(await retry(caller))) {
        attempts += 1;
        if (attempts === RETRY_ATTEMPTS_MAX) throw new Error('a retry is never answered');
      }
    }
  };
  await Promise.all(Array.from({ length: RETRIES_AT_ONCE }, worker));
}
