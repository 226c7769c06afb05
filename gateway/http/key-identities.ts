// What API keys mean, asked of the service that knows and remembered for less than a second (A5).

import type { Clock } from '../../actors/clock.ts';
import { isKeyText, keyHash } from '../../app/api-key-text.ts';
import type { CallAction } from '../../contracts/actions.ts';
import type { KeyIdentity } from '../../contracts/api-keys.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import { RecentAnswers } from './recent-answers.ts';

export type KeyAnswer = KeyIdentity | 'invalid' | 'expired' | Refusal;

export interface KeyIdentitiesOptions {
  readonly call: CallAction;
  readonly clock: Clock;
}

export class KeyIdentities {
  readonly #options: KeyIdentitiesOptions;
  /** By the key's hash. */
  readonly #answers: RecentAnswers<KeyIdentity | 'invalid' | Refusal>;

  constructor(options: KeyIdentitiesOptions) {
    this.#options = options;
    this.#answers = new RecentAnswers({
      clock: options.clock,
      ask: (hash) => this.#ask(hash),
      isAnswer: (answer) => typeof answer === 'string' || !('ok' in answer),
    });
  }

  /** A key that is asked for while its answer is awaited is asked for once. */
  async identify(text: string): Promise<KeyAnswer> {
    if (!isKeyText(text)) return 'invalid';
    const answer = await this.#answers.get(keyHash(text));
    if (typeof answer === 'string' || 'ok' in answer) return answer;
    const isOver = answer.endsAt !== null && this.#options.clock.now() >= answer.endsAt;
    return isOver ? 'expired' : answer;
  }

  /**
   * A function that tells whether the key was valid at the last answer, and asks again where that
   * is not remembered. For replies that take long: they call it again and again.
   */
  validity(text: string): () => boolean {
    let isValid = true;
    return () => {
      this.identify(text).then(
        (answer) => {
          isValid = typeof answer === 'object' && !('ok' in answer);
        },
        () => {
          isValid = false;
        },
      );
      return isValid;
    };
  }

  async #ask(hash: string): Promise<KeyIdentity | 'invalid' | Refusal> {
    const resolved = await this.#options.call('keys.resolve', { hash });
    if (resolved.ok) return resolved.value;
    return resolved.code === 'not-found' ? 'invalid' : resolved;
  }
}
