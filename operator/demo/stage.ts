// Prepares the demo: the creator and the drop on the server, and the crowd, the payers and the
// followers, connected but not yet active.

import { AccessTokens } from '../../app/access-tokens.ts';
import { Away } from './away.ts';
import { Crowd } from './crowd.ts';
import { Followers, type StockFrame } from './followers.ts';
import type { OrderDesk } from './order-desk.ts';
import { Payers } from './payers.ts';
import { Plan } from './plan.ts';
import type { PushService } from './push-service.ts';
import {
  addProduct,
  announceDrop,
  follow,
  registerCreator,
  SALE_PRICE,
  SALE_PRODUCT,
} from './sale.ts';
import type { SaleState } from './screen.ts';

export interface Secrets {
  readonly auth: string;
  readonly payment: string;
}

export interface StageOptions {
  /**
   * Of the nodes. The first one has the API's calls and the crowd's, the last one the followers'
   * streams, and the one between them, where there is one, the payments.
   */
  readonly urls: readonly string[];
  readonly secrets: Secrets;
  readonly buyers: number;
  readonly stock: number;
  readonly followers: number;
  /** Seconds until the drop opens. */
  readonly seconds: number;
  readonly seed: number;
  readonly pushService: PushService;
  readonly desk: OrderDesk;
  /** Where the servers put their mails. */
  readonly outboxes: readonly string[];
}

/** All participants of the sale. */
export interface Stage {
  readonly url: string;
  readonly dropId: string;
  readonly buyers: number;
  readonly stock: number;
  readonly followerCount: number;
  readonly plan: Plan;
  readonly tokenOf: (userId: string) => string;
  readonly crowd: Crowd;
  readonly payers: Payers;
  readonly followers: Followers;
  readonly away: Away;
  readonly desk: OrderDesk;
  readonly state: SaleState;
}

const CONNECTIONS_MAX = 400;
const HOLD_SECONDS = 5;
const TOKEN_SECONDS = 3600;

export async function prepareStage(options: StageOptions): Promise<Stage> {
  const { urls, secrets, buyers, stock, seed } = options;
  const [url, paidAt, followedAt] = [urls[0]!, urls[urls.length >> 1]!, urls.at(-1)!];
  const plan = new Plan({ seed });
  const accessTokens = new AccessTokens({ secret: secrets.auth });
  const tokenOf = (userId: string): string =>
    accessTokens.sign({ userId, roles: [], lifetimeSeconds: TOKEN_SECONDS });
  const tokens = Array.from({ length: options.followers }, (_, i) => tokenOf(plan.userId(i)));
  const creator = await registerCreator(url);
  await follow(url, creator.creatorId, tokens);
  const absent = Math.max(0, buyers - options.followers);
  const away = new Away({
    url,
    creator,
    service: options.pushService,
    outboxes: options.outboxes,
    userIds: Array.from({ length: absent }, (_, i) => plan.userId(options.followers + i)),
    tokenOf,
  });
  await away.prepare();
  await options.desk.subscribe(url, creator);

  const payers = new Payers({
    ...addressOf(paidAt),
    secret: secrets.payment,
    plan,
    ordersMax: buyers,
  });
  const crowd = new Crowd({
    ...addressOf(url),
    authSecret: secrets.auth,
    buyers,
    followers: options.followers,
    seed,
    connections: Math.min(CONNECTIONS_MAX, buyers),
    onOrders: (orders) => payers.schedule(orders),
  });
  const followers = new Followers({
    url: followedAt.replace('http', 'ws'),
    tokens,
    onStock: (frame) => onStock(state, crowd, frame),
  });
  const { counters } = crowd;
  const state: SaleState = {
    counters,
    payers,
    followers,
    opensAt: Number.POSITIVE_INFINITY,
    latest: null,
    soldOutAfterMs: null,
  };
  // The drop comes last, so that the preparation takes no time from the seconds until it opens.
  await Promise.all([followers.connect(), crowd.ready()]);
  const opensInMs = options.seconds * 1000;
  const { dropId, opensAt } = await announceDrop(
    {
      url,
      productId: await addProduct(url, creator, SALE_PRODUCT),
      stock,
      opensInMs,
      holdSeconds: HOLD_SECONDS,
      ...SALE_PRICE,
    },
    creator,
  );
  state.opensAt = opensAt;
  followers.watch(dropId);
  const followerCount = options.followers;
  return {
    url,
    dropId,
    buyers,
    stock,
    followerCount,
    plan,
    tokenOf,
    crowd,
    payers,
    followers,
    away,
    desk: options.desk,
    state,
  };
}

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}

function onStock(state: SaleState, crowd: Crowd, frame: StockFrame): void {
  state.latest = frame;
  if (frame.status !== 'live') return;
  if (frame.free === 0) state.soldOutAfterMs ??= Date.now() - state.opensAt;
  // A refused payment or an expired hold has released units.
  else if (state.soldOutAfterMs !== null) crowd.pressAgain(frame.free);
}

/** True when every buyer has an answer, every payment is accepted, and every unit is sold. */
export function isOver({ state, stock, buyers }: Stage): boolean {
  const { counters, payers, latest } = state;
  return (
    counters.get('buyersAnswered') === buyers &&
    payers.pending === 0 &&
    latest !== null &&
    latest.held === 0 &&
    latest.sold === stock
  );
}
