// Pictures and films (M1): begun by their owner, uploaded to the media process, and settled by it.
// This knows no bytes: it decides who may upload how much, and what became of it.

import { type LiveBus, userTopic } from '../actors/live-bus.ts';
import type { ActionParams } from '../contracts/actions.ts';
import {
  MEDIA_OF_OWNER_BYTES_MAX,
  MEDIA_OF_OWNER_MAX,
  MEDIA_SWEPT_MAX,
  UPLOAD_LIFETIME_MS,
} from '../contracts/bounds.ts';
import { compileCheck } from '../contracts/check.ts';
import { roleAllows } from '../contracts/creator-actions.ts';
import { type Media, mediaBytesMax, NewMedia } from '../contracts/media.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { ConsumerLeases } from '../storage/ports/consumer-leases.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { OrganisationStore } from '../storage/ports/organisations.ts';
import type { RequestLog } from '../storage/ports/requests.ts';
import { MediaUses, type MediaUsesOptions, names } from './media-uses.ts';
import { mayAct } from './permissions.ts';
import type { RandomBytes } from './random-bytes.ts';
import { answerText, findAnswer, keepAnswer } from './repeated-requests.ts';
import { NOTHING_HIDDEN, OPEN, type SellingRules } from './selling-rules.ts';

export interface MediaOptions extends MediaUsesOptions {
  /** Null: one process takes all uploads. */
  readonly leases: ConsumerLeases | null;
  readonly random: RandomBytes;
  readonly liveBus: Pick<LiveBus, 'publish'>;
  readonly organisations: Pick<OrganisationStore, 'find'>;
  readonly requests: RequestLog;
  /** Who may sell; everybody unless given. */
  readonly selling?: Pick<SellingRules, 'refuse'>;
  /** What is taken down; nothing unless given. */
  readonly hidden?: Pick<RestrictionSet, 'isHidden'>;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

const QUOTA = { countMax: MEDIA_OF_OWNER_MAX, bytesMax: MEDIA_OF_OWNER_BYTES_MAX };
/** How often a change that somebody else overtook is made anew. */
const ATTEMPTS_MAX = 8;

/** Of what uses a medium, in a refusal. */
const SHOWN_MAX = 10;
/**
 * From this feature level on all nodes respect what uses a medium, and who may see it, and know the
 * live message of what became of it.
 */
const MEDIA_LEVEL = 6;

const checkNew = compileCheck(NewMedia);

export class MediaUseCases {
  readonly #options: MediaOptions;
  readonly #uses: MediaUses;

  constructor(options: MediaOptions) {
    this.#options = options;
    this.#uses = new MediaUses(options);
  }

  async add({
    caller,
    ownerId,
    media,
    request,
  }: ActionParams<'media.add'>): Promise<Outcome<Media>> {
    if (!mayAct(caller, ownerId, 'media.add'))
      return refusal('forbidden', 'Media are added for oneself, or for an organisation.');
    const checked = checkNew(media);
    if (!checked.ok) return checked;
    const bytesMax = mediaBytesMax(media.purpose);
    if (media.bytes > bytesMax)
      return refusal('media-too-large', `At most ${bytesMax} bytes for this purpose.`);
    const begun = await this.#begun(request);
    if (begun !== null) return begun;
    const { selling = OPEN, media: store, levels, now, random } = this.#options;
    const isProduct = media.purpose === 'product';
    const refused = isProduct ? await selling.refuse(ownerId) : null;
    if (refused !== null) return refused;
    const createdAt = now();
    const make = (): Media => ({
      id: makeId('m', createdAt, random(ID_RANDOM_BYTES)),
      ownerId,
      ...media,
      ...(isProduct && levels.reached() >= MEDIA_LEVEL && { visibility: 'private' as const }),
      status: 'uploading',
      reason: null,
      createdAt,
      expiresAt: createdAt + UPLOAD_LIFETIME_MS,
      revision: 1,
      content: null,
    });
    const first = await store.add(make, QUOTA);
    // Uploads that were not finished in time take no room, though nobody has removed them yet.
    const hasRoom = typeof first === 'string' && (await this.#removeExpired(ownerId)) > 0;
    const added = hasRoom ? await store.add(make, QUOTA) : first;
    if (added === 'too-many')
      return refusal('too-many', `An owner has at most ${MEDIA_OF_OWNER_MAX} media.`);
    if (added === 'too-large')
      return refusal('media-quota', `Media have ${MEDIA_OF_OWNER_BYTES_MAX} bytes in all at most.`);
    return request === undefined ? success(added) : await this.#keep(request, added);
  }

  /** What was begun by the request before; null where nothing was, or it is gone. */
  async #begun(request: KeyedRequest | undefined): Promise<Outcome<Media> | null> {
    const { requests, media } = this.#options;
    const kept = await findAnswer<string>(requests, request);
    if (request === undefined || kept === null || !kept.ok) return kept as Refusal | null;
    const found = await media.find(kept.value);
    if (found !== null) return { ...success(found), replayed: true };
    await requests.remove(request, answerText(kept.value));
    return null;
  }

  /**
   * Behind the upload: an end in between leaves one that nobody knows, and that ends after a day.
   * The other way round, a repeat could not tell one that was never begun from one that is gone.
   */
  async #keep(request: KeyedRequest, added: Media): Promise<Outcome<Media>> {
    const { requests, media } = this.#options;
    const kept = await keepAnswer(requests, request, added.id);
    if (kept.ok && kept.value === added.id) return success(added);
    await media.replace(added, null);
    if (!kept.ok) return kept;
    // Another try of the same request was first.
    const first = await media.find(kept.value);
    return first === null ? refusal('unavailable') : { ...success(first), replayed: true };
  }

  async get({ mediaId }: ActionParams<'media.get'>): Promise<Outcome<Media>> {
    const found = await this.#options.media.find(mediaId);
    return found === null ? refusal('not-found') : success(found);
  }

  async upload({ caller, mediaId }: ActionParams<'media.upload'>): Promise<Outcome<Media>> {
    const found = await this.#options.media.find(mediaId);
    if (found === null) return refusal('not-found');
    return mayAct(caller, found.ownerId, 'media.upload')
      ? success(found)
      : refusal('forbidden', 'The upload belongs to somebody else.');
  }

  async view({ caller, mediaId }: ActionParams<'media.view'>): Promise<Outcome<Media>> {
    const found = await this.#options.media.find(mediaId);
    if (found === null) return refusal('not-found');
    const isPublic = await this.#isPublic(found);
    const mayView = isPublic || (caller !== null && mayAct(caller, found.ownerId, 'media.upload'));
    if (!mayView) return refusal('not-found');
    return success({ ...found, visibility: isPublic ? 'public' : 'private' });
  }

  async anyPublic({ mediaIds }: ActionParams<'media.anyPublic'>): Promise<Outcome<boolean>> {
    const found = await this.#options.media.findAll(mediaIds);
    for (const media of found.values()) if (await this.#isPublic(media)) return success(true);
    return success(false);
  }

  /**
   * From the announcement of a drop of a product that names it: one mark of the product shows all
   * of its media at once. What is taken down shows none.
   */
  async #isPublic({ id, ownerId, visibility, uses = [] }: Media): Promise<boolean> {
    const { catalogue, hidden = NOTHING_HIDDEN } = this.#options;
    if (hidden.isHidden({ creatorId: ownerId })) return false;
    if (visibility !== 'private') return true;
    if (uses.length === 0) return false;
    const products = await catalogue.findProducts(uses.map(({ productId }) => productId));
    return [...products.values()].some((product) => {
      const { id: productId, creatorId, announced } = product;
      return announced === true && names(product, id) && !hidden.isHidden({ productId, creatorId });
    });
  }

  /** What is removed already is a success. Its blobs are collected later. */
  async remove({ caller, mediaId }: ActionParams<'media.remove'>): Promise<Outcome<null>> {
    const found = await this.#options.media.find(mediaId);
    if (found === null) return refusal('not-found');
    if (!mayAct(caller, found.ownerId, 'media.remove'))
      return refusal('forbidden', 'It belongs to somebody else.');
    const { media } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const before = await media.find(mediaId);
      if (before === null) return success(null);
      // After the medium: whoever marks it meanwhile makes another revision of it.
      const users = await this.#uses.usersOf(before);
      if (users.length > 0)
        return refusal('media-in-use', `It is used by ${users.slice(0, SHOWN_MAX).join(', ')}.`);
      if (await media.replace(before, null)) return success(null);
    }
    return refusal('unavailable');
  }

  async received({ mediaId }: ActionParams<'media.received'>): Promise<Outcome<Media>> {
    return await this.#changed(mediaId, (media) =>
      media.status === 'uploading' ? { ...media, status: 'processing', expiresAt: null } : media,
    );
  }

  /**
   * Its owner, and the members who may change products, are told each time: a call that is made
   * again may be that of a node that died.
   */
  async settle({ mediaId, result }: ActionParams<'media.settle'>): Promise<Outcome<Media>> {
    const settled = await this.#changed(mediaId, (media) => {
      if (media.status !== 'processing') return media;
      return { ...media, ...result };
    });
    if (settled.ok) await this.#tell(settled.value);
    return settled;
  }

  async #tell({ id: mediaId, ownerId, status, reason }: Media): Promise<void> {
    const { levels, liveBus, organisations } = this.#options;
    if (levels.reached() < MEDIA_LEVEL) return;
    if (status !== 'ready' && status !== 'refused') return;
    const media =
      status === 'ready' ? { mediaId, status } : { mediaId, status, reason: reason ?? '' };
    const { members = [] } = (await organisations.find(ownerId)) ?? {};
    const changing = members.filter(({ role }) => roleAllows(role, 'products.change'));
    const told = new Set([ownerId, ...changing.map(({ userId }) => userId)]);
    for (const userId of told) liveBus.publish(userTopic(userId), { type: 'media-settled', media });
  }

  /** An upload whose bytes came in time stays. */
  async expire({ mediaId }: ActionParams<'media.expire'>): Promise<Outcome<null>> {
    const { now } = this.#options;
    const isOver = ({ expiresAt }: Media) => expiresAt !== null && expiresAt <= now();
    const found = await this.#options.media.find(mediaId);
    if (found === null || !isOver(found)) return success(null);
    return await this.#change(mediaId, (media) => (isOver(media) ? null : media));
  }

  /** How many uploads of anybody were removed; where it is `MEDIA_SWEPT_MAX` there may be more. */
  async sweep(): Promise<Outcome<number>> {
    return success(await this.#removeExpired());
  }

  async lock({ mediaId, holder, ms }: ActionParams<'media.lock'>): Promise<Outcome<boolean>> {
    const { leases } = this.#options;
    return success(leases === null || (await leases.hold(leaseOf(mediaId), holder, ms)));
  }

  async unlock({ mediaId, holder }: ActionParams<'media.unlock'>): Promise<Outcome<null>> {
    await this.#options.leases?.release(leaseOf(mediaId), holder);
    return success(null);
  }

  async #removeExpired(ownerId?: string): Promise<number> {
    const { media, now } = this.#options;
    let removed = 0;
    for (const one of await media.expired(now(), MEDIA_SWEPT_MAX, ownerId))
      if (await media.replace(one, null)) removed += 1;
    return removed;
  }

  async #changed(mediaId: string, change: (media: Media) => Media): Promise<Outcome<Media>> {
    const changed = await this.#change(mediaId, change);
    if (!changed.ok) return changed;
    return await this.get({ mediaId });
  }

  /** A change that gives the same one back writes nothing. */
  async #change(mediaId: string, change: (media: Media) => Media | null): Promise<Outcome<null>> {
    const { media } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const before = await media.find(mediaId);
      if (before === null) return refusal('not-found');
      const after = change(before);
      if (after === before) return success(null);
      const next = after === null ? null : { ...after, revision: before.revision + 1 };
      if (await media.replace(before, next)) return success(null);
    }
    return refusal('unavailable');
  }
}

function leaseOf(mediaId: string): string {
  return `upload:${mediaId}`;
}
