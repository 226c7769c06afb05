// What operators do with pictures and films of others (M1): see one, and remove one that must not
// stay, whoever uses it.

import type { ActionParams } from '../../contracts/actions.ts';
import type { Media } from '../../contracts/media.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { MediaStore } from '../../storage/ports/media.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { ActionRecord, type ActionRecordOptions } from './action-record.ts';

export interface OperatorMediaOptions extends ActionRecordOptions {
  readonly media: Pick<MediaStore, 'find' | 'replace'>;
}

/** How often a removal is made anew where the medium changed at the same moment. */
const TRIES_MAX = 8;

export class OperatorMedia {
  readonly #media: Pick<MediaStore, 'find' | 'replace'>;
  readonly #record: ActionRecord;

  constructor(options: OperatorMediaOptions) {
    this.#media = options.media;
    this.#record = new ActionRecord(options);
  }

  async get({ caller, mediaId }: ActionParams<'operator.getMedia'>): Promise<Outcome<Media>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const found = await this.#media.find(mediaId);
    return found === null ? notThere(mediaId) : success(found);
  }

  /** As it was. An upload ends; of one that is ready the variants are collected later. */
  async remove({
    caller,
    mediaId,
    reason,
  }: ActionParams<'operator.removeMedia'>): Promise<Outcome<Media>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = {
      operatorId: caller.userId,
      action: 'remove-media',
      params: { mediaId, reason: reason ?? null },
    };
    const found = await this.#media.find(mediaId);
    if (found === null) return await this.#record.refuse(request, notThere(mediaId));
    await this.#record.record(request, `Removed: it was ${found.ownerId}'s, and ${found.status}.`);
    return await this.#record.recordFault(request, async () => {
      for (let tries = 1; tries <= TRIES_MAX; tries++) {
        const now = await this.#media.find(mediaId);
        if (now === null || (await this.#media.replace(now, null))) return success(now ?? found);
      }
      return await this.#record.refuse(request, refusal('unavailable', 'It is changing.'));
    });
  }
}

function notThere(mediaId: string) {
  return refusal('not-found', `There is no picture or film ${mediaId}.`);
}
