// People of the demo who have no stream open: buyers with a browser, whom pushes tell of their
// orders, some of whom follow the creator; and readers of mails, who hear that the drop is
// announced. A small drop before the sale shows that pushes tell followers of a start: the sale
// itself is sold out in seconds, and what is sold out is not told.

import { createECDH, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { topicOf } from '../../events/reach/push-form.ts';
import { LiveDrops } from '../../sdk/client.ts';
import type { PushService } from './push-service.ts';
import {
  addProduct,
  announceDrop,
  type Creator,
  follow,
  SALE_PRICE,
  SALE_PRODUCT,
} from './sale.ts';

export interface AwayOptions {
  readonly url: string;
  readonly creator: Creator;
  readonly service: PushService;
  /** Where the servers put their mails. */
  readonly outboxes: readonly string[];
  /** Buyers without a stream. */
  readonly userIds: readonly string[];
  readonly tokenOf: (userId: string) => string;
}

/** What became of those who were away. */
export interface Reached {
  readonly pushesExpected: number;
  /** Of these: that came. */
  readonly pushes: number;
  /** Of the small drop. */
  readonly startsExpected: number;
  readonly starts: number;
  /** Pushes that came again. */
  readonly repeats: number;
  /** Browsers that their service called gone, and that it was not asked for again. */
  readonly gone: number;
  readonly mailsExpected: number;
  readonly mails: number;
  readonly findings: readonly string[];
}

const BROWSERS_MAX = 1_000;
const FOLLOWERS_MAX = 200;
/** One browser of so many is gone. */
const GONE_EACH = 20;
const READERS = 3;
const SUBSCRIBING_MAX = 16;
const POLL_MS = 50;
const TIMEOUT_MS = 30_000;
const ANNOUNCED = /^Subject: New drop/m;

export class Away {
  readonly #options: AwayOptions;
  /** By the buyer's id. */
  readonly #endpoints = new Map<string, string>();
  #followers: readonly string[] = [];
  #smallDropId = '';

  constructor(options: AwayOptions) {
    this.#options = options;
  }

  /** Before the drop is announced. */
  async prepare(): Promise<void> {
    const { url, creator, userIds, service, tokenOf } = this.#options;
    const { keyId } = await new LiveDrops({ url }).call('GET /v1/push/key');
    const pair = createECDH('prime256v1');
    pair.generateKeys();
    const auth = randomBytes(16).toString('base64url');
    const keys = { p256dh: pair.getPublicKey('base64url'), auth };
    const limit = pLimit(SUBSCRIBING_MAX);
    const buyers = userIds.slice(0, BROWSERS_MAX);
    await limit.map(buyers.entries(), async ([i, userId]) => {
      const endpoint = service.endpoint(userId, i % GONE_EACH === 0);
      this.#endpoints.set(userId, endpoint);
      const client = new LiveDrops({ url, token: tokenOf(userId) });
      await client.call('PUT /v1/push/subscriptions', { body: { endpoint, keys, keyId } });
    });
    this.#followers = buyers.slice(0, FOLLOWERS_MAX);
    await follow(url, creator.creatorId, this.#followers.map(tokenOf));
    const productId = await addProduct(url, creator, SALE_PRODUCT);
    const terms = { url, productId, stock: 1, opensInMs: 0, holdSeconds: 1, ...SALE_PRICE };
    this.#smallDropId = (await announceDrop(terms, creator)).dropId;
    const heard = () => this.#followers.every((userId) => this.#topicsOf(userId).length > 0);
    await waitFor('pushes of the small drop', () => (heard() ? true : null));
    for (let i = 0; i < READERS; i++) await this.#addReader(`reader-${i}@example.com`);
  }

  /** All that is expected has come. `orderOf`: by the buyer's id, orders that were paid at once. */
  isReached(orderOf: ReadonlyMap<string, string>): boolean {
    const { pushesExpected, pushes, mails } = this.reached(orderOf);
    return pushesExpected === pushes && mails === READERS;
  }

  reached(orderOf: ReadonlyMap<string, string>): Reached {
    const { service, outboxes } = this.#options;
    const findings: string[] = [];
    let repeats = 0;
    const hasCome = (userId: string, id: string): boolean => {
      const count = service.count(this.#endpoints.get(userId)!, topicOf(id));
      if (count === 0) findings.push(`${userId} got no push about ${id}`);
      repeats += Math.max(0, count - 1);
      return count > 0;
    };
    let gone = 0;
    for (const userId of this.#endpoints.keys()) {
      if (!this.#isGone(userId)) continue;
      const topics = this.#topicsOf(userId);
      const { size } = new Set(topics);
      if (size > 1) findings.push(`the gone browser of ${userId} was sent ${size} pushes`);
      else gone += size;
      repeats += topics.length - size;
    }
    const isHere = (userId: string) => this.#endpoints.has(userId) && !this.#isGone(userId);
    const buyers = [...orderOf].filter(([userId]) => isHere(userId));
    const followers = this.#followers.filter(isHere);
    const pushesExpected = buyers.length;
    const pushes = buyers.filter(([userId, orderId]) => hasCome(userId, orderId)).length;
    const startsExpected = followers.length;
    const starts = followers.filter((userId) => hasCome(userId, this.#smallDropId)).length;
    const mails = outboxes.flatMap(mailsIn).filter((mail) => ANNOUNCED.test(mail)).length;
    const counts = { pushesExpected, pushes, startsExpected, starts, repeats, gone };
    return { ...counts, mailsExpected: READERS, mails, findings };
  }

  /** An account with a confirmed address, who wants mail of announced drops. */
  async #addReader(email: string): Promise<void> {
    const { url, creator } = this.#options;
    const client = new LiveDrops({ url });
    const { accessToken } = await client.call('POST /v1/auth/register', {
      body: { email, password: 'correct horse battery staple', name: 'Reader' },
    });
    const token = await this.#linkTokenTo(email);
    await client.call('POST /v1/auth/confirm-email', { body: { token } });
    await new LiveDrops({ url, token: accessToken }).call('PATCH /v1/users/me/preferences', {
      body: { mail: { dropAnnounced: true } },
    });
    await follow(url, creator.creatorId, [accessToken]);
  }

  async #linkTokenTo(email: string): Promise<string> {
    return await waitFor(`a mail to ${email}`, () => {
      const mails = this.#options.outboxes.flatMap(mailsIn);
      const mail = mails.find((one) => one.includes(`To: ${email}`));
      return /#token=([!-~]+)/.exec(mail ?? '')?.[1] ?? null;
    });
  }

  #isGone(userId: string): boolean {
    return new URL(this.#endpoints.get(userId)!).pathname !== `/${userId}`;
  }

  #topicsOf(userId: string): readonly string[] {
    return this.#options.service.topics(this.#endpoints.get(userId)!);
  }
}

/** Throws where it does not come in time. */
async function waitFor<T>(what: string, find: () => T | null): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const found = find();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`there was no sign of ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Their texts, with the line ends and equals signs of quoted-printable undone (RFC 2045, 6.7). */
function mailsIn(outbox: string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(outbox).filter((name) => name.endsWith('.eml'));
  } catch {
    // The first mail makes the folder.
  }
  return names.map((name) =>
    readFileSync(join(outbox, name), 'utf8')
      .replaceAll(/=\r?\n/g, '')
      .replaceAll('=3D', '='),
  );
}
