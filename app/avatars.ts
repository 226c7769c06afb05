// Pictures of profiles (M1). The account names the medium, and the medium is touched after that:
// whoever removes it at the same time either finds the account's word, or has removed it before,
// and then the account names it no more.

import type { ActionParams } from '../contracts/actions.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { MediaStore } from '../storage/ports/media.ts';

export interface AvatarsOptions {
  readonly accounts: Pick<AccountStore, 'findUser' | 'setAvatar'>;
  readonly media: Pick<MediaStore, 'find' | 'replace'>;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

/** From this feature level on no node loses the picture of an account. */
const AVATARS_LEVEL = 6;
const ATTEMPTS_MAX = 8;

export class Avatars {
  readonly #options: AvatarsOptions;

  constructor(options: AvatarsOptions) {
    this.#options = options;
  }

  /** Null takes the picture away. */
  async set({ userId, mediaId }: ActionParams<'accounts.setAvatar'>): Promise<Outcome<null>> {
    const { accounts, levels } = this.#options;
    if (levels.reached() < AVATARS_LEVEL) return refusal('unavailable');
    const user = await accounts.findUser(userId);
    if (user === null) return refusal('not-found');
    const wrong = mediaId === null ? null : await this.#wrong(userId, mediaId);
    if (wrong !== null) return refusal('invalid-request', `avatarMediaId: ${wrong}.`);
    await accounts.setAvatar(userId, mediaId);
    if (mediaId === null || (await this.#touch(mediaId))) return success(null);
    await accounts.setAvatar(userId, user.avatarMediaId ?? null);
    return refusal('invalid-request', 'avatarMediaId: it was just removed.');
  }

  async #wrong(userId: string, mediaId: string): Promise<string | null> {
    const media = await this.#options.media.find(mediaId);
    if (media?.ownerId !== userId) return 'is no medium of the user';
    if (media.purpose !== 'avatar') return 'was not uploaded for a profile';
    return media.status === 'ready' || media.status === 'processing' ? null : `is ${media.status}`;
  }

  /** False: it is gone. */
  async #touch(mediaId: string): Promise<boolean> {
    const { media } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const found = await media.find(mediaId);
      if (found === null) return false;
      if (await media.replace(found, { ...found, revision: found.revision + 1 })) return true;
    }
    return true;
  }
}
