// Consumer positions for a thread without a writer of its own: the process's main thread stores
// them.

import type { ConsumerPositions, ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { PortQuestions } from '../port-questions.ts';

export type PositionsQuestion = { readonly consumer: string } & (
  | { readonly load: number }
  | { readonly save: readonly ShardPosition[] }
  | { readonly replace: readonly ShardPosition[] }
);

/** A lane has one request at a time, so as many requests wait as there are lanes. */
export class RemotePositions implements ConsumerPositions {
  readonly #questions: PortQuestions<PositionsQuestion>;

  constructor(questions: PortQuestions<PositionsQuestion>) {
    this.#questions = questions;
  }

  load(consumer: string, shard: number): Promise<number> {
    return this.#questions.ask({ consumer, load: shard });
  }

  async save(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    await this.#questions.ask({ consumer, save: positions });
  }

  async replace(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    await this.#questions.ask({ consumer, replace: positions });
  }
}

/** Answers a question of a `RemotePositions` at the other end of the port. */
export async function answerPositions(
  positions: ConsumerPositions,
  question: PositionsQuestion,
): Promise<number> {
  if ('load' in question) return await positions.load(question.consumer, question.load);
  if ('save' in question) await positions.save(question.consumer, question.save);
  else await positions.replace(question.consumer, question.replace);
  return 0;
}
