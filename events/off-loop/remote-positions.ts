// Consumer positions for a thread without a writer of its own: the process's main thread stores
// them.

import type { MessagePort } from 'node:worker_threads';
import type { ConsumerPositions, ShardPosition } from '../../storage/ports/consumer-positions.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';

type Question = { readonly id: number; readonly consumer: string } & (
  | { readonly load: number }
  | { readonly save: readonly ShardPosition[] }
  | { readonly replace: readonly ShardPosition[] }
);

interface Answer {
  readonly id: number;
  readonly sequence: number;
  /** Null on success. */
  readonly problem: string | null;
}

interface Waiting {
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: Error) => void;
}

/** A lane has one request at a time, so as many requests wait as there are lanes. */
export class RemotePositions implements ConsumerPositions {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #questions = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', ({ id, sequence, problem }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (problem === null) waiting?.resolve(sequence);
      else waiting?.reject(new StoreUnavailableError(problem));
    });
  }

  load(consumer: string, shard: number): Promise<number> {
    return this.#ask({ id: ++this.#questions, consumer, load: shard });
  }

  async save(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    await this.#ask({ id: ++this.#questions, consumer, save: positions });
  }

  async replace(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    await this.#ask({ id: ++this.#questions, consumer, replace: positions });
  }

  #ask(question: Question): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.id, { resolve, reject });
      this.#port.postMessage(question);
    });
  }
}

/** Answers the requests of a `RemotePositions` at the other end of the port. */
export function servePositions(port: MessagePort, positions: ConsumerPositions): void {
  const answer = async (question: Question): Promise<number> => {
    if ('load' in question) return await positions.load(question.consumer, question.load);
    if ('save' in question) await positions.save(question.consumer, question.save);
    else await positions.replace(question.consumer, question.replace);
    return 0;
  };
  port.on('message', (question: Question) => {
    const { id } = question;
    answer(question).then(
      (sequence) => port.postMessage({ id, sequence, problem: null } satisfies Answer),
      (error: unknown) =>
        port.postMessage({ id, sequence: 0, problem: String(error) } satisfies Answer),
    );
  });
}
