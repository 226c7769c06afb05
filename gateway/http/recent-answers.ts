// Answers of services that a gateway remembers for less than a second: so what is revoked ends
// everywhere within that second, also while nodes do not hear of each other, and who calls a lot
// costs about one question a second (A5, A10).

import type { Clock } from '../../actors/clock.ts';

/** From when the question was asked. */
export const REMEMBERED_MS = 750;
/** Of each kind. */
export const ANSWERS_MAX = 10_000;

interface Remembered<T> {
  readonly askedAt: number;
  readonly answer: Promise<T>;
}

export interface RecentAnswersOptions<T> {
  readonly clock: Clock;
  readonly ask: (key: string) => Promise<T>;
  /** Whether the answer counts. One that does not, and a fault, are asked for again. */
  readonly isAnswer: (answer: T) => boolean;
}

export class RecentAnswers<T> {
  readonly #options: RecentAnswersOptions<T>;
  /** The oldest question first. */
  readonly #remembered = new Map<string, Remembered<T>>();

  constructor(options: RecentAnswersOptions<T>) {
    this.#options = options;
  }

  /** What is asked for while its answer is awaited is asked for once. Errors: those of `ask`. */
  get(key: string): Promise<T> {
    const now = this.#options.clock.monotonic();
    const known = this.#remembered.get(key);
    if (known !== undefined && now - known.askedAt < REMEMBERED_MS) return known.answer;
    const asked = { askedAt: now, answer: this.#ask(key) };
    this.#remembered.delete(key);
    this.#remembered.set(key, asked);
    if (this.#remembered.size > ANSWERS_MAX)
      this.#remembered.delete(this.#remembered.keys().next().value!);
    return asked.answer;
  }

  async #ask(key: string): Promise<T> {
    const { ask, isAnswer } = this.#options;
    let isRemembered = false;
    try {
      const answer = await ask(key);
      isRemembered = isAnswer(answer);
      return answer;
    } finally {
      if (!isRemembered) this.#remembered.delete(key);
    }
  }
}
