// Who is offered the sample shop: a visitor on the machine of a node alone, in development, on
// which nothing was ever sold (decision 112).

import pTimeout from 'p-timeout';
import type { Logger } from 'pino';
import type { CallAction } from '../../contracts/actions.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { SampleShop } from '../../contracts/sample-shop.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { SampleShops } from '../../gateway/rest/sample-shop.ts';
import type { Config } from '../config.ts';
import { makeSampleShop } from './sample-shop.ts';

/** Longer, and the shop is shown without the first picture. */
const FIRST_PICTURE_MAX_MS = 8_000;

export interface SampleOfferOptions {
  readonly call: CallAction;
  /** Where this node is called. */
  readonly url: () => string;
  readonly log: Logger;
}

/** By the settings alone: never in a cluster, with real payments, or where creators are chosen. */
export function mayOfferSample({ natsUrl, paymentProvider, sellers, issuers }: Config): boolean {
  return (
    natsUrl === null &&
    paymentProvider === 'development' &&
    sellers === 'open' &&
    issuers.length === 0
  );
}

export class SampleOffer implements SampleShops {
  readonly #options: SampleOfferOptions;
  #isMaking = false;

  constructor(options: SampleOfferOptions) {
    this.#options = options;
  }

  async isOffered(): Promise<boolean> {
    return !this.#isMaking && (await this.#isEmpty());
  }

  /** Refuses `already-running`; `too-many` where there is a drop; `unavailable`. */
  async make(): Promise<Outcome<SampleShop>> {
    if (this.#isMaking) return refusal('already-running', 'The sample shop is being made.');
    const { url, log } = this.#options;
    this.#isMaking = true;
    try {
      if (!(await this.#isEmpty()))
        return refusal('too-many', 'A sample shop is made only where there is no drop yet.');
      const { dropId, email, password, firstPicture, pictures } = await makeSampleShop(url());
      pictures.catch((err: unknown) => log.warn({ err }, 'the sample shop lacks a picture'));
      await within(FIRST_PICTURE_MAX_MS, firstPicture);
      return success({ dropId, email, password });
    } catch (err) {
      log.error({ err }, 'the sample shop was made in part or not at all');
      return refusal('unavailable', 'The sample shop could not be made; the log says why.');
    } finally {
      this.#isMaking = false;
    }
  }

  async #isEmpty(): Promise<boolean> {
    const page = { limit: 1, cursor: null };
    const drops = await this.#options.call('catalogue.drops', { page, withHidden: true });
    return drops.ok && drops.value.items.length === 0;
  }
}

/** Resolves whatever becomes of the work. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  await pTimeout(work, { milliseconds: ms }).catch(() => undefined);
}
