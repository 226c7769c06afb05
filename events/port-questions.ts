// Questions over a message port, from a thread to the process's main thread. Each is answered with
// plain data. Who asks bounds how many wait.

import type { MessagePort } from 'node:worker_threads';
import { StoreUnavailableError } from '../storage/ports/journal.ts';

interface Asked<Q> {
  readonly id: number;
  readonly question: Q;
}

interface Answer {
  readonly id: number;
  readonly value: unknown;
  /** Null on success. */
  readonly problem: string | null;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** `A`: what each question is answered with. */
export class PortQuestions<Q, A = number> {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', ({ id, value, problem }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (problem === null) waiting?.resolve(value);
      else waiting?.reject(new StoreUnavailableError(problem));
    });
  }

  /** Errors: `store-unavailable`, whatever failed at the other end. */
  ask(question: Q): Promise<A> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as A), reject });
      this.#port.postMessage({ id, question } satisfies Asked<Q>);
    });
  }
}

/** Answers the questions of a `PortQuestions` at the other end of the port. */
export function answerQuestions(
  port: MessagePort,
  answer: (question: never) => Promise<unknown>,
): void {
  port.on('message', ({ id, question }: Asked<never>) => {
    answer(question).then(
      (value) => port.postMessage({ id, value, problem: null } satisfies Answer),
      (error: unknown) =>
        port.postMessage({ id, value: null, problem: String(error) } satisfies Answer),
    );
  });
}
