// Which node with a search index is asked. Several share the load: the one with the fewest searches
// under way is asked first, one's own before others. A node that does not answer soon is left out
// until it does again, one that is too far behind is asked last; both are looked at in the
// background. A search changes nothing, so a slow one is asked of a second node as well.

import type { CallingOptions, ServiceBroker } from 'moleculer';
import pTimeout from 'p-timeout';
import { cursorOfNode } from '../../app/search.ts';
import type { Clock } from '../../actors/clock.ts';
import type { ActionOutcome, ActionParams } from '../../contracts/actions.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { SearchLag } from '../../contracts/search.ts';
import { refusal } from '../../domain/refusal.ts';

export type SearchAction = 'search.find' | 'search.suggest' | 'search.open';
/** Of a result that one node has open. */
export type OpenedAction = 'search.read' | 'search.close';

/** After it a second node is asked as well. */
const SECOND_ASK_MS = 250;
/** A node that has not answered a call for so long is left out. */
const SILENT_AFTER_MS = 600;
const ANSWER_MAX_MS = 5_000;
/** How often a node that is left out is looked at, where there are searches. */
const LOOK_INTERVAL_MS = 1_000;
/** A node that is further behind is asked last. */
const LAG_MAX_MS = 2_000;
/** Nodes that are asked one search. */
const ASKED_MAX = 3;
/** For how long the list of nodes is used. */
const NODES_AGE_MAX_MS = 100;

interface NodeState {
  readonly nodeId: string;
  underWay: number;
  isSilent: boolean;
  isBehind: boolean;
  lookedAt: number;
}

/** A node has told that it cannot: it is no defect. */
class CannotSearchError extends Error {}

export interface SearchCallsOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
}

export class SearchCalls {
  readonly #broker: ServiceBroker;
  readonly #clock: Clock;
  readonly #states = new Map<string, NodeState>();
  #nodes: readonly NodeState[] = [];
  #nodesAt = -Infinity;
  #turn = 0;

  constructor({ broker, clock }: SearchCallsOptions) {
    this.#broker = broker;
    this.#clock = clock;
  }

  /** Refuses `search-unavailable` where no node answers. */
  async ask<Name extends SearchAction>(
    action: Name,
    params: ActionParams<Name>,
    options: CallingOptions,
  ): Promise<ActionOutcome<Name>> {
    const nodes = this.#inOrder(nodeOfCursor(params)).slice(0, ASKED_MAX);
    if (nodes.length === 0) return refusal('search-unavailable');
    const answers: Promise<ActionOutcome<Name>>[] = [];
    // A result that is opened twice would stay open on one of both.
    const secondAskMs = action === 'search.open' ? ANSWER_MAX_MS : SECOND_ASK_MS;
    const askNext = (): Promise<ActionOutcome<Name>> => {
      if (answers.length === nodes.length) return Promise.any(answers);
      answers.push(this.#askOne(nodes[answers.length]!, action, params, options));
      const first = Promise.any(answers);
      return pTimeout(first, { milliseconds: secondAskMs, fallback: askNext }).catch(askNext);
    };
    try {
      return await askNext();
    } catch (error) {
      this.#logUnanswered(action, error as AggregateError);
      return refusal('search-unavailable');
    }
  }

  /** Refuses `search-unavailable` where the node does not answer. */
  async askOpened<Name extends OpenedAction>(
    action: Name,
    params: ActionParams<Name>,
    options: CallingOptions,
  ): Promise<ActionOutcome<Name>> {
    const state = this.#stateOf(params.nodeId);
    try {
      return await this.#askOne(state, action, params, options);
    } catch {
      return refusal('search-unavailable');
    }
  }

  #logUnanswered(action: string, error: AggregateError): void {
    const errors: readonly unknown[] = error.errors;
    const unable = errors.filter((one) => one instanceof CannotSearchError);
    const text = `${action} was answered by no node`;
    if (unable.length < errors.length) this.#broker.logger.warn(text, error);
    // Expected, as while its index is made: a stack would tell nothing.
    else this.#broker.logger.warn(`${text}: ${unable.map(({ message }) => message).join(', ')}`);
  }

  /** Rejects where another node may do better. */
  async #askOne<Name extends SearchAction | OpenedAction>(
    state: NodeState,
    action: Name,
    params: ActionParams<Name>,
    options: CallingOptions,
  ): Promise<ActionOutcome<Name>> {
    const { nodeId: nodeID } = state;
    const silent = this.#clock.after(SILENT_AFTER_MS, () => {
      state.isSilent = true;
    });
    state.underWay += 1;
    try {
      const answer = await this.#broker.call<Outcome<unknown>, ActionParams<Name>>(action, params, {
        ...options,
        nodeID,
        timeout: ANSWER_MAX_MS,
      });
      state.isSilent = false;
      if (!answer.ok && answer.code === 'unavailable')
        throw new CannotSearchError(`${nodeID} cannot search now`);
      learn(state, answer as Outcome<Partial<SearchLag> | null>);
      return answer as ActionOutcome<Name>;
    } catch (error) {
      // A call that failed at once found no node: the list of nodes is old.
      this.#nodesAt = -Infinity;
      throw error;
    } finally {
      silent.cancel();
      state.underWay -= 1;
    }
  }

  /** `first`: the node that gave the page before. */
  #inOrder(first: string | null): NodeState[] {
    const nodes = this.#available();
    for (const node of nodes) if (node.isSilent || node.isBehind) this.#look(node);
    this.#turn += 1;
    const rank = ({ nodeId, isSilent, isBehind }: NodeState) => {
      if (isSilent) return 3;
      if (nodeId === first) return 0;
      return isBehind ? 2 : 1;
    };
    const isOther = ({ nodeId }: NodeState) => (nodeId === this.#broker.nodeID ? 0 : 1);
    return nodes
      .map((_, i) => nodes[(i + this.#turn) % nodes.length]!)
      .sort((a, b) => rank(a) - rank(b) || a.underWay - b.underWay || isOther(a) - isOther(b));
  }

  /** The nodes that the broker knows. */
  #available(): readonly NodeState[] {
    const now = this.#clock.monotonic();
    if (now - this.#nodesAt < NODES_AGE_MAX_MS) return this.#nodes;
    this.#nodesAt = now;
    const actions = this.#broker.registry.getActionList({
      onlyAvailable: true,
      withEndpoints: true,
    });
    const endpoints = actions.find(({ name }) => name === 'search.find')?.endpoints ?? [];
    const ids = endpoints.filter(({ available }) => available).map(({ nodeID }) => nodeID);
    for (const known of this.#states.keys()) if (!ids.includes(known)) this.#states.delete(known);
    this.#nodes = ids.map((id) => this.#stateOf(id));
    return this.#nodes;
  }

  #stateOf(nodeId: string): NodeState {
    let state = this.#states.get(nodeId);
    if (state === undefined) {
      state = { nodeId, underWay: 0, isSilent: false, isBehind: false, lookedAt: -Infinity };
      this.#states.set(nodeId, state);
    }
    return state;
  }

  #look(state: NodeState): void {
    const now = this.#clock.monotonic();
    if (now - state.lookedAt < LOOK_INTERVAL_MS) return;
    state.lookedAt = now;
    const options = { nodeID: state.nodeId, timeout: ANSWER_MAX_MS };
    this.#broker
      .call<ActionOutcome<'search.status'>, object>('search.status', {}, options)
      .then((answer) => {
        state.isSilent = false;
        if (!answer.ok) return;
        const { isBuilding, lagMs } = answer.value;
        learn(state, { ok: true, value: { lagMs: isBuilding ? null : lagMs } });
      })
      .catch(() => undefined);
  }
}

function nodeOfCursor(params: ActionParams<SearchAction>): string | null {
  if (!('page' in params) || params.page.cursor === null) return null;
  return cursorOfNode(params.page.cursor).nodeId;
}

function learn(state: NodeState, answer: Outcome<Partial<SearchLag> | null>): void {
  if (!answer.ok || answer.value === null || answer.value.lagMs === undefined) return;
  const { lagMs } = answer.value;
  state.isBehind = lagMs === null || lagMs > LAG_MAX_MS;
}
