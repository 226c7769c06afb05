// Questions over a message port, from a thread to the process's main thread. Each is answered with
// a number. Who asks bounds how many wait.

import type { MessagePort } from 'node:worker_threads';
import { StoreUnavailableError } from '../storage/ports/journal.ts';

interface Asked<Q> {
  readonly id: number;
  readonly question: Q;
}

interface Answer {
  readonly id: number;
  readonly value: number;
  /** Null on success. */
  readonly problem: string | null;
}

interface Waiting {
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

export class PortQuestions<Q> {
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
  ask(question: Q): Promise<number> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, question } satisfies Asked<Q>);
    });
  }
}

/** Answers the questions of a `PortQuestions` at the other end of the port. */
export function answerQuestions(
  port: MessagePort,
  answer: (question: never) => Promise<number>,
): void {
  port.on('message', ({ id, question }: Asked<never>) => {
    answer(question).then(
      (value) => port.postMessage({ id, value, problem: null } satisfies Answer),
      (error: unknown) =>
        port.postMessage({ id, value: 0, problem: String(error) } satisfies Answer),
    );
  });
}
