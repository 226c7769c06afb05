// One's own data as one file: JSON that is written page by page, so that its length costs no
// memory. It shows what is there while it is written.

import type { ActionName } from '../../contracts/actions.ts';
import { PAGE_LIMIT_MAX } from '../../contracts/bounds.ts';
import { ORGANISATIONS_LEVEL } from '../../contracts/organisations.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import {
  accountSessionBody,
  apiKeyBody,
  dropBody,
  followBody,
  notificationBody,
  orderJson,
  ownOrganisationBody,
  ownPushSubscriptionBody,
} from '../present.ts';
import { rfc3339 } from '../encode.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { RouteCall } from '../http/route.ts';
import type { MediaUrls } from '../media-urls.ts';
import type { Requester } from '../../contracts/accounts.ts';

export interface ExportOptions {
  readonly call: RouteCall;
  readonly caller: Requester;
  readonly paymentProvider: string;
  readonly urls: MediaUrls;
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** From this feature level on there are drafts. */
const DRAFTS_LEVEL = 3;

type ReadPage<T> = (page: PageRequest) => Promise<Outcome<Page<T>>>;

const ALL_OF_ONES_OWN = { withHidden: true, withUnlisted: true } as const;

/** The chunks of the file. Errors: `ExportCutError` where a list cannot be read to its end. */
export async function* accountExport(options: ExportOptions): AsyncGenerator<string> {
  const { call, caller, paymentProvider, levels, urls, at } = options;
  const { userId } = caller;
  const account = await call('accounts.me', { userId });
  if (!account.ok && account.code !== 'not-found') throw new ExportCutError('accounts.me');
  const shown = account.ok ? urls.ownProfile(account.value) : null;
  yield `{"exportedAt":"${rfc3339(at)}","userId":${JSON.stringify(userId)}` +
    `,"account":${JSON.stringify(shown)}`;
  const sessions = all('accounts.sessions', call('accounts.sessions', { userId }));
  yield* list('sessions', sessions, (item) => JSON.stringify(accountSessionBody(item)));
  const keys = all('keys.list', call('keys.list', { caller }));
  yield* list('apiKeys', keys, (item) => JSON.stringify(apiKeyBody(item)));
  if (levels.reached() >= ORGANISATIONS_LEVEL) {
    const memberships = all('organisations.list', call('organisations.list', { caller }));
    yield* list('organisations', memberships, (item) => JSON.stringify(ownOrganisationBody(item)));
  }
  const follow = (item: Parameters<typeof followBody>[0]) => JSON.stringify(followBody(item));
  const pages = <T>(action: ActionName, read: ReadPage<T>) => paged(action, read);
  yield* list(
    'following',
    pages('follows.following', (page) => {
      return call('follows.following', { userId, page, withHidden: true });
    }),
    follow,
  );
  yield* list(
    'followers',
    pages('follows.followers', (page) => {
      return call('follows.followers', { creatorId: userId, page, withHidden: true });
    }),
    follow,
  );
  yield* list(
    'products',
    pages('catalogue.products', (page) => {
      return call('catalogue.products', { creatorId: userId, page, ...ALL_OF_ONES_OWN });
    }),
    (item) => JSON.stringify(urls.product(item)),
  );
  yield* list(
    'drops',
    pages('catalogue.drops', (page) => {
      return call('catalogue.drops', { creatorId: userId, page, ...ALL_OF_ONES_OWN });
    }),
    (item) => JSON.stringify(dropBody(item)),
  );
  if (levels.reached() >= DRAFTS_LEVEL) {
    yield* list(
      'drafts',
      pages('drafts.list', (page) => call('drafts.list', { caller, page })),
      (item) => JSON.stringify(dropBody(item)),
    );
  }
  yield* list(
    'orders',
    pages('orders.list', (page) => call('orders.list', { userId, page })),
    (item) => orderJson(item, paymentProvider),
  );
  yield* list(
    'notifications',
    pages('notifications.list', (page) => {
      return call('notifications.list', { userId, unread: false, page });
    }),
    (item) => JSON.stringify(notificationBody(item)),
  );
  const preferences = await call('preferences.get', { userId });
  if (!preferences.ok) throw new ExportCutError('preferences.get');
  yield `,"preferences":${JSON.stringify(preferences.value)}`;
  const subscriptions = all('push.subscriptions', call('push.subscriptions', { userId }));
  yield* list('pushSubscriptions', subscriptions, (item) =>
    JSON.stringify(ownPushSubscriptionBody(item)),
  );
  yield '}\n';
}

/** The file ends in the middle, so that nobody takes it for whole. */
class ExportCutError extends Error {
  readonly code = 'store-unavailable';

  constructor(action: ActionName) {
    super(`${action} could not be read for an export`);
  }
}

/** A property of the file, a chunk for each page. */
async function* list<T>(
  name: string,
  pages: AsyncIterable<readonly T[]>,
  text: (item: T) => string,
): AsyncGenerator<string> {
  yield `,"${name}":[`;
  let before = '';
  for await (const items of pages) {
    if (items.length === 0) continue;
    yield before + items.map(text).join(',');
    before = ',';
  }
  yield ']';
}

async function* all<T>(
  action: ActionName,
  outcome: Promise<Outcome<readonly T[]>>,
): AsyncGenerator<readonly T[]> {
  const items = await outcome;
  if (!items.ok) throw new ExportCutError(action);
  yield items.value;
}

async function* paged<T>(action: ActionName, read: ReadPage<T>): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null;
  do {
    const page: Outcome<Page<T>> = await read({ limit: PAGE_LIMIT_MAX, cursor });
    if (!page.ok) throw new ExportCutError(action);
    yield page.value.items;
    cursor = page.value.nextCursor;
  } while (cursor !== null);
}
