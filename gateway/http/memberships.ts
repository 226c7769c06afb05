// What a user is in which organisations, asked of the service that knows and remembered for less
// than a second (A10). Only routes that do something for a creator ask.

import type { Clock } from '../../actors/clock.ts';
import type { CallAction } from '../../contracts/actions.ts';
import { MEMBER_ROLES } from '../../contracts/creator-actions.ts';
import { type Membership, ORGANISATIONS_LEVEL } from '../../contracts/organisations.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { success } from '../../domain/refusal.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { RecentAnswers } from './recent-answers.ts';

const NONE: readonly Membership[] = Object.freeze([]);

export interface MembershipsOptions {
  readonly call: CallAction;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly clock: Clock;
}

export class Memberships {
  readonly #levels: Pick<FeatureLevels, 'reached'>;
  readonly #answers: RecentAnswers<Outcome<readonly Membership[]>>;

  constructor({ call, levels, clock }: MembershipsOptions) {
    this.#levels = levels;
    this.#answers = new RecentAnswers({
      clock,
      ask: (userId) => call('organisations.memberships', { userId }),
      isAnswer: ({ ok }) => ok,
    });
  }

  async of(userId: string): Promise<Outcome<readonly Membership[]>> {
    if (this.#levels.reached() < ORGANISATIONS_LEVEL) return success(NONE);
    return await this.#answers.get(userId);
  }

  /**
   * A function that tells whether the user still was, at the last answer, what they were at first,
   * or more, and asks again where that is not remembered. For replies that take long.
   */
  validity(userId: string, before: readonly Membership[]): () => boolean {
    if (before.length === 0) return () => true;
    let isValid = true;
    return () => {
      this.of(userId).then(
        (answer) => {
          isValid = answer.ok && before.every((one) => isLeft(one, answer.value));
        },
        () => {
          isValid = false;
        },
      );
      return isValid;
    };
  }
}

function isLeft(before: Membership, now: readonly Membership[]): boolean {
  const found = now.find(({ organisationId }) => organisationId === before.organisationId);
  return (
    found !== undefined && MEMBER_ROLES.indexOf(found.role) <= MEMBER_ROLES.indexOf(before.role)
  );
}
