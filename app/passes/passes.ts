// Passes of a drop, made by its creator (D9): a few, whose texts the answer has. Many are made by a
// job (`pass-lists.ts`).

import type { CommandRouter } from '../../actors/command-router.ts';
import type { Requester } from '../../contracts/accounts.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import type { CreatorAction } from '../../contracts/creator-actions.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { MadePasses } from '../../contracts/passes.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Outcome, Refusal } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { RequestLog } from '../../storage/ports/requests.ts';
import { isOperator } from '../caller.ts';
import { mayAct } from '../permissions.ts';
import type { RandomBytes } from '../random-bytes.ts';
import { outcomeOf } from '../repeated-requests.ts';
import { makePasses, passBatch, type PassReceiver, randomSerial } from './pass-batch.ts';
import { PASS_MINUTE_MS, PASS_TIMES_MS, type PassTexts } from './pass-texts.ts';

/** From this feature level on every node takes passes. */
export const PASSES_LEVEL = 4;

export interface PassesOptions {
  readonly router: CommandRouter;
  readonly requests: RequestLog;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Null: there is no secret for passes. */
  readonly passTexts: PassTexts | null;
  readonly random: RandomBytes;
}

export class Passes {
  readonly #options: PassesOptions;

  constructor(options: PassesOptions) {
    this.#options = options;
  }

  /** With a key the first serial is kept, so every try makes the same passes (H11). */
  async make({
    caller,
    dropId,
    passes,
    request,
  }: ActionParams<'passes.make'>): Promise<Outcome<MadePasses>> {
    const { router, levels, passTexts } = this.#options;
    const { count, userIds } = passes;
    if ((count === undefined) === (userIds === undefined))
      return refusal('invalid-request', 'Either count or userIds must be given.');
    const wrong = refuseFrom(passes);
    if (wrong !== null) return wrong;
    if (passTexts === null || levels.reached() < PASSES_LEVEL) return refusal('unavailable');
    const drop = await router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    const refused = refuseMaker(caller, drop.value, 'passes.make');
    if (refused !== null) return refused;
    const first = await this.#firstSerial(request);
    if (!first.ok) return first;
    const batch = passBatch(dropId, first.value, passes);
    const receivers: readonly PassReceiver[] =
      userIds ?? Array.from({ length: count! }, (): PassReceiver => null);
    return { ...first, value: { items: makePasses(passTexts, batch, 0, receivers) } };
  }

  async #firstSerial(request: KeyedRequest | undefined): Promise<Outcome<number>> {
    const { requests, random } = this.#options;
    const serial = randomSerial(random);
    if (request === undefined) return success(serial);
    const kept = outcomeOf(await requests.keep(request, String(serial)));
    return kept.ok ? { ...kept, value: Number(kept.value) } : kept;
  }
}

/** A time that was no moment (a leap second) is NaN here. */
export function refuseFrom({ from }: { readonly from?: number | undefined }): Refusal | null {
  if (from === undefined) return null;
  const isRight =
    from % PASS_MINUTE_MS === 0 && from >= PASS_TIMES_MS.first && from < PASS_TIMES_MS.end;
  return isRight ? null : refusal('invalid-request', 'from: must be a whole minute from 2025 on.');
}

export function refuseMaker(
  caller: Requester,
  { creatorId, status }: Pick<DropView, 'creatorId' | 'status'>,
  action: CreatorAction,
): Refusal | null {
  if (!mayAct(caller, creatorId, action) && !isOperator(caller)) return refusal('forbidden');
  return status === 'ended' || status === 'cancelled' ? refusal('drop-ended') : null;
}
