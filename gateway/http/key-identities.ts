// What API keys mean, asked of the service that knows and remembered for less than a second: so a
// revoked key is refused everywhere within that second, also while nodes do not hear of each other,
// and a busy key costs about one question a second (A5).

import type { Clock } from '../../actors/clock.ts';
import { isKeyText, keyHash } from '../../app/api-key-text.ts';
import type { CallAction } from '../../contracts/actions.ts';
import type { KeyIdentity } from '../../contracts/api-keys.ts';
import type { Refusal } from '../../contracts/refusals.ts';

/** From when the question was asked. */
export const REMEMBERED_MS = 750;
/** Keys that are remembered, those too that are none. */
export const KEYS_MAX = 10_000;

export type KeyAnswer = KeyIdentity | 'invalid' | 'expired' | Refusal;

export interface KeyIdentitiesOptions {
  readonly call: CallAction;
  readonly clock: Clock;
}

interface Remembered {
  readonly askedAt: number;
  readonly answer: Promise<KeyIdentity | 'invalid' | Refusal>;
}

export class KeyIdentities {
  readonly #options: KeyIdentitiesOptions;
  /** By the key's hash, the oldest question first. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(options: KeyIdentitiesOptions) {
    this.#options = options;
  }

  /** A key that is asked for while its answer is awaited is asked for once. */
  async identify(text: string): Promise<KeyAnswer> {
    if (!isKeyText(text)) return 'invalid';
    const { clock } = this.#options;
    const hash = keyHash(text);
    const now = clock.monotonic();
    let known = this.#remembered.get(hash);
    if (known === undefined || now - known.askedAt >= REMEMBERED_MS) {
      known = { askedAt: now, answer: this.#ask(hash) };
      this.#remember(hash, known);
    }
    const answer = await known.answer;
    if (typeof answer === 'string' || 'ok' in answer) return answer;
    return answer.endsAt !== null && clock.now() >= answer.endsAt ? 'expired' : answer;
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

  #remember(hash: string, known: Remembered): void {
    this.#remembered.delete(hash);
    this.#remembered.set(hash, known);
    if (this.#remembered.size > KEYS_MAX)
      this.#remembered.delete(this.#remembered.keys().next().value!);
  }

  async #ask(hash: string): Promise<KeyIdentity | 'invalid' | Refusal> {
    try {
      const resolved = await this.#options.call('keys.resolve', { hash });
      if (resolved.ok) return resolved.value;
      if (resolved.code === 'not-found') return 'invalid';
      // What could not be answered is asked again by the next call.
      this.#remembered.delete(hash);
      return resolved;
    } catch (error) {
      this.#remembered.delete(hash);
      throw error;
    }
  }
}
