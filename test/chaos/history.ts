// What the clients of the crash test asked and were told, one line for each exchange, in the order
// in which they saw it. Plain data: the checker reads it afterwards, and tests write it by hand.

/** One exchange, from the request to its answer or to the end of its connection. */
export interface Where {
  readonly client: string;
  /** Which start of the server it fell into, counted from 1. */
  readonly round: number;
  /** In words, such as `places 2 in drop_1 under k7`. */
  readonly what: string;
  /** All beginnings and ends of one history have their place in one sequence. */
  readonly began: number;
  ended: number;
  /** Milliseconds since the Unix epoch. */
  readonly beganAt: number;
  endedAt: number;
  /** 0: there was no answer, so that nobody knows what was done. */
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
  /** The version that a refusal was decided at; null where it says none. */
  readonly refusedAt: number | null;
}

/**
 * `read` and `change` come from the drop's actor or a copy that may not be older; `list` and
 * `frame` may be behind.
 */
export type Source = 'read' | 'change' | 'list' | 'frame';

export interface OrderSighting {
  readonly where: Where;
  readonly order: ShownOrder;
}
export interface DropSighting {
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
  /** Null where it was not answered with 201. */
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

/** What the server shows at the end, when all has settled. Lists are whole and oldest first. */
export interface FinalState {
  readonly feeds: ReadonlyMap<string, readonly Notice[]>;
  readonly orderLists: ReadonlyMap<string, readonly ShownOrder[]>;
  /** Drops as each creator's list has them. */
  readonly dropLists: ReadonlyMap<string, readonly ShownDrop[]>;
  readonly followers: ReadonlyMap<string, { readonly ids: readonly string[]; count: number }>;
  /** The users with accounts among those asked for. */
  readonly accounts: ReadonlySet<string>;
}

/** How far what one client sees may be behind what happened, in milliseconds. */
export interface Tolerance {
  /** The age of the copies that reads are answered from. */
  readonly copyAgeMs: number;
  /** How long after a client gave a request up it may still be carried out. */
  readonly lateMs: number;
}

/** One server, which hears everything at once and carries nothing out after its end. */
export const EXACT: Tolerance = { copyAgeMs: 0, lateMs: 0 };

export class History {
  readonly attempts: OrderAttempt[] = [];
  readonly orders: OrderSighting[] = [];
  readonly drops: DropSighting[] = [];
  readonly settlements: Settlement[] = [];
  readonly restocks: Restock[] = [];
  readonly follows: FollowChange[] = [];
  readonly registrations: Registration[] = [];
  readonly liveNotices: LiveNotice[] = [];
  readonly liveDrops: LiveDrop[] = [];
  /** Calls about acknowledged orders that were answered with `not-found`. */
  readonly lostOrders: Where[] = [];
  /** Answers that no rule allows, such as a status of 500. */
  readonly oddAnswers: Where[] = [];
  #sequence = 0;
  /** Exchanges that had an answer, and those that had none. */
  answered = 0;
  unanswered = 0;

  begin(round: number, client: string, what: string): Where {
    const began = this.#sequence++;
    const beganAt = Date.now();
    return { client, round, what, began, ended: 0, beganAt, endedAt: 0, status: 0, code: '' };
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
