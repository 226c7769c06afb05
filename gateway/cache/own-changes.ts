// What this gateway's own calls changed: its caches hear of it before the caller has the answer, so
// that whoever changes something and reads it through the same gateway sees the change.

import type { ActionName, ActionParams, CallAction } from '../../contracts/actions.ts';
import type { Session } from '../../contracts/accounts.ts';
import type { DraftView } from '../../contracts/drafts.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { Product } from '../../contracts/products.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { DropViews } from '../drop-views.ts';
import type { PublicReads } from './public-reads.ts';

/** The actions that change one drop and reply with it. */
const ANSWERED_WITH_DROP: ReadonlySet<ActionName> = new Set<ActionName>([
  'drops.create',
  'drops.amend',
  'drops.cancel',
  'drops.pause',
  'drops.resume',
  'drafts.announce',
]);

/** Of a drop that was just announced: it is created, and perhaps opened at once. */
const FIRST_VERSIONS = 2;

export interface OwnChangesOptions {
  readonly call: CallAction;
  readonly views: DropViews;
  readonly reads: PublicReads;
}

export function withOwnChanges({ call, views, reads }: OwnChangesOptions): CallAction {
  return async (action, params, ...about) => {
    const outcome = await call(action, params, ...about);
    if (!(outcome as Outcome<unknown>).ok) return outcome;
    if (ANSWERED_WITH_DROP.has(action)) dropChanged(outcome as Outcome<DropView | DraftView>);
    else if (action === 'products.add' || action === 'products.change')
      productChanged(outcome as Outcome<Product>);
    else if (action === 'accounts.register') userChanged(outcome as Outcome<Session>);
    else if (action === 'accounts.delete') {
      const { userId } = params as ActionParams<'accounts.delete'>;
      reads.changed({ kind: 'user', userId, isGone: true });
    } else if (action === 'accounts.setAvatar') {
      const { userId } = params as ActionParams<'accounts.setAvatar'>;
      reads.changed({ kind: 'user', userId, isGone: false });
    } else if (action === 'follows.follow' || action === 'follows.unfollow') {
      const { userId, creatorId } = params as ActionParams<'follows.follow'>;
      reads.changed({ kind: 'follow', userId, creatorId });
    }
    return outcome;
  };

  function dropChanged(changed: Outcome<DropView | DraftView>): void {
    reads.dropsChanged();
    // A first answer that is given again is old, and a draft is for its creator alone.
    if (!changed.ok || changed.replayed === true || changed.value.status === 'draft') return;
    views.accept(changed.value);
    // Its first drop shows a product's media.
    const { productId, creatorId, version } = changed.value;
    if (version <= FIRST_VERSIONS)
      reads.changed({ kind: 'product', productId, creatorId, revision: null });
  }

  function productChanged(changed: Outcome<Product>): void {
    if (!changed.ok) return;
    const { id: productId, creatorId, revision } = changed.value;
    reads.changed({ kind: 'product', productId, creatorId, revision });
    // The first product makes its creator one.
    reads.changed({ kind: 'user', userId: creatorId, isGone: false });
  }

  function userChanged(registered: Outcome<Session>): void {
    if (registered.ok)
      reads.changed({ kind: 'user', userId: registered.value.user.id, isGone: false });
  }
}
