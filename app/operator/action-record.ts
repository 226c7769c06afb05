// Records what operators ask for (X3): before a change is made, and a second time where making it
// failed. Refused changes are recorded too.

import { CancelledError } from '../../actors/runs.ts';
import type { OperatorAction } from '../../contracts/operator.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import type { OperatorLog } from '../../storage/ports/operator-log.ts';

/** Who asks for a change, and by which request where it has a key (H11). */
export interface ChangedBy {
  readonly operatorId: string;
  readonly keyed?: KeyedRequest | undefined;
}

/** The operator and the change, as the log stores them. */
export interface ChangeRequest extends ChangedBy {
  readonly action: string;
  readonly params: OperatorAction['params'];
}

export interface ActionRecordOptions {
  readonly log: OperatorLog;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class ActionRecord {
  readonly #options: ActionRecordOptions;

  constructor(options: ActionRecordOptions) {
    this.#options = options;
  }

  /** `result` is one sentence. Durable when it resolves. Errors: `store-unavailable`. */
  async record(request: ChangeRequest, result: string): Promise<void> {
    const { log, now } = this.#options;
    const { operatorId, action, params } = request;
    await log.append({ at: now(), operatorId, action, params, result });
  }

  async refuse(request: ChangeRequest, refused: Refusal): Promise<Refusal> {
    await this.record(request, `Refused: ${refused.detail ?? refused.code}`);
    return refused;
  }

  /** A recorded change that fails is recorded a second time, with its fault. */
  async recordFault<T>(request: ChangeRequest, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (fault) {
      const why = fault instanceof CancelledError ? fault.message : 'the store did not answer';
      await this.record(request, `Done in part or not at all: ${why}.`);
      throw fault;
    }
  }
}
