// The requests and answers of the crash test's clients, one record for each exchange, in order.
// Plain data: the checker reads it after the run, and tests write it by hand.

/** One exchange, from the request to its answer or to the end of its connection. */
export interface Where {
  readonly client: string;
  /** The start of the server during which the exchange began, counted from 1. */
  readonly round: number;
  /** A description, such as `places 2 in drop_1 under k7`. */
  readonly what: string;
  /** All starts and ends of one history are numbered in one sequence. */
  readonly began: number;
  ended: number;
  /** Milliseconds since the Unix epoch. */
  readonly beganAt: number;
  endedAt: number;
  /** 0: no answer, so the outcome is unknown. */
  status: number;
  /** The stable code of a problem; empty for successes. */
  code: string;
}

export interface ShownOrder {
  readonly id: string;
  readonly dropId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly status: string;
  readonly createdAt: string;
  readonly refundRequested?: boolean;
  readonly version: number;
}

export interface ShownDrop {
  readonly id: string;
  readonly status: string;
  readonly stocked: number;
  readonly held: number;
  readonly sold: number;
  readonly free: number;
  readonly version: number;
}

export interface Notice {
  readonly id: string;
  readonly type: string;
  readonly orderId: string;
  readonly refundRequested: boolean;
}

export interface OrderAttempt {
  readonly where: Where;
  readonly userId: string;
  readonly dropId: string;
  readonly key: string;
  readonly quantity: number;
  /** The order of a 201. */
  readonly order: ShownOrder | null;
  readonly replayed: boolean;
  /** The drop version of a refusal; null if the refusal has none. */
  readonly refusedAt: number | null;
}

/**
 * `read` and `change` come from the drop's actor or from a copy with a bounded age; `list` and
 * `frame` may lag behind.
 */
export type Source = 'read' | 'change' | 'list' | 'frame';

export interface OrderRead {
  readonly where: Where;
  readonly order: ShownOrder;
}
export interface DropState {
  readonly where: Where;
  readonly source: Source;
  readonly drop: ShownDrop;
}
/** A webhook call about a payment. */
export interface Settlement {
  readonly where: Where;
  readonly orderId: string;
  readonly succeeded: boolean;
}
export interface Restock {
  readonly where: Where;
  readonly dropId: string;
  readonly units: number;
}
export interface FollowChange {
  readonly where: Where;
  readonly userId: string;
  readonly creatorId: string;
  readonly following: boolean;
}
export interface Registration {
  readonly where: Where;
  readonly email: string;
  /** Null without a 201 answer. */
  readonly userId: string | null;
}
/** A live notification. `connection` counts all connections. */
export interface LiveNotice {
  readonly where: Where;
  readonly connection: number;
  readonly userId: string;
  readonly notice: Notice;
}
/** A live frame about a drop. */
export interface LiveDrop {
  readonly where: Where;
  readonly connection: number;
  readonly type: string;
  readonly topic: string;
  readonly drop: ShownDrop;
}

/** The server's state at the end of a run. Lists are complete and oldest first. */
export interface FinalState {
  readonly feeds: ReadonlyMap<string, readonly Notice[]>;
  readonly orderLists: ReadonlyMap<string, readonly ShownOrder[]>;
  /** Creator id to the drops in the creator's list. */
  readonly dropLists: ReadonlyMap<string, readonly ShownDrop[]>;
  readonly followers: ReadonlyMap<string, { readonly ids: readonly string[]; count: number }>;
  /** User id to the creators whom the user follows. */
  readonly following: ReadonlyMap<string, readonly string[]>;
  /** The registered users whose account exists. */
  readonly accounts: ReadonlySet<string>;
}

/** How far reads may lag behind, and how late a request may take effect, in milliseconds. */
export interface Tolerance {
  /** The age of the copies that reads are answered from. */
  readonly copyAgeMs: number;
  /** How long after a client's timeout a request may still take effect. */
  readonly lateMs: number;
  /** How far the times in the journal may be from the client's clock. */
  readonly skewMs: number;
}

/** One server: reads do not lag, and no request takes effect after its connection ended. */
export const EXACT: Tolerance = { copyAgeMs: 0, lateMs: 0, skewMs: 0 };

/** A gateway's copy is at most a second old (C4), and answers are slow on a busy machine. */
export const COPY_AGE_MS = 2_500;

const NEWEST_MAX = 60;

export class History {
  readonly attempts: OrderAttempt[] = [];
  readonly orders: OrderRead[] = [];
  readonly drops: DropState[] = [];
  readonly settlements: Settlement[] = [];
  readonly restocks: Restock[] = [];
  readonly follows: FollowChange[] = [];
  readonly registrations: Registration[] = [];
  readonly liveNotices: LiveNotice[] = [];
  readonly liveDrops: LiveDrop[] = [];
  /** Calls about acknowledged orders that were answered with `not-found`. */
  readonly lostOrders: Where[] = [];
  /** Answers that no rule allows, such as a status of 500. */
  readonly unexpectedAnswers: Where[] = [];
  /** The exchanges that began last, in order. */
  readonly newest: Where[] = [];
  #sequence = 0;
  /** The number of exchanges with and without an answer. */
  answered = 0;
  unanswered = 0;

  begin(round: number, client: string, what: string): Where {
    const began = this.#sequence++;
    const beganAt = Date.now();
    const ended = { ended: 0, endedAt: 0, status: 0, code: '' };
    const where: Where = { client, round, what, began, beganAt, ...ended };
    this.newest.push(where);
    if (this.newest.length > NEWEST_MAX) this.newest.shift();
    return where;
  }

  end(where: Where, status: number, code: string): void {
    where.ended = this.#sequence++;
    where.endedAt = Date.now();
    where.status = status;
    where.code = code;
    if (status === 0) this.unanswered++;
    else this.answered++;
  }
}

export function describe({ client, round, what, status, code }: Where): string {
  const answer = status === 0 ? 'no answer' : `${status}${code === '' ? '' : ` ${code}`}`;
  return `round ${round}, ${client} ${what}: ${answer}`;
}
