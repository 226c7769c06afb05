// What operators do with the search indexes of nodes: see how they stand, and make one anew.

import type { ActionParams } from '../../contracts/actions.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { SearchNode } from '../../contracts/search.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { ActionRecord, type ActionRecordOptions } from './action-record.ts';

export interface SearchNodes {
  /** Of all nodes that search, in the order of their ids. */
  list(): Promise<readonly SearchNode[]>;
  /** Refuses `not-found`, `already-running`, `unavailable`. */
  rebuild(nodeId: string): Promise<Outcome<null>>;
}

export interface OperatorSearchOptions extends ActionRecordOptions {
  readonly searchNodes: SearchNodes;
}

export class OperatorSearch {
  readonly #nodes: SearchNodes;
  readonly #record: ActionRecord;

  constructor(options: OperatorSearchOptions) {
    this.#nodes = options.searchNodes;
    this.#record = new ActionRecord(options);
  }

  async list({
    caller,
  }: ActionParams<'operator.listSearchNodes'>): Promise<Outcome<readonly SearchNode[]>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    return success(await this.#nodes.list());
  }

  async rebuild({
    caller,
    nodeId,
  }: ActionParams<'operator.rebuildSearch'>): Promise<Outcome<null>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = {
      operatorId: caller.userId,
      action: 'rebuild-search',
      params: { nodeId },
    };
    await this.#record.record(request, 'The index is made anew beside the one that serves.');
    const started = await this.#nodes.rebuild(nodeId);
    return started.ok ? started : await this.#record.refuse(request, started);
  }
}
