// The sessions port (A1c): what a user sees of each session, and the list of sessions that ended
// lately. A session is what one log-in began, and its id is that of the family of its refresh
// tokens. Access tokens name their session, and gateways refuse those of ended sessions, so the
// list is needed for as long as an access token lives.

export interface SessionRow {
  /** The id of the family of its refresh tokens. */
  readonly id: string;
  readonly userId: string;
  /** What the client said it is (User-Agent); empty where it said nothing. */
  readonly device: string;
  readonly createdAt: number;
  /** When its refresh token was changed last, or made. */
  readonly usedAt: number;
  readonly expiresAt: number;
  /** `User.credentials` when the session began. */
  readonly credentials: number;
}

export type SessionChange = Partial<Pick<SessionRow, 'usedAt' | 'expiresAt' | 'credentials'>>;

export interface EndedSession {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly endedAt: number;
}

export interface EndedPage {
  readonly ended: readonly EndedSession[];
  /** Of the last row, for the next page; the position that was asked where there is none. */
  readonly position: number;
  /**
   * Sessions that ended up to this time may be missing in the list, because too many ended. 0: none
   * is missing.
   */
  readonly lostUntil: number;
}

/** A user has no more sessions: one more ends the one that was used the longest ago. */
export const SESSIONS_PER_USER_MAX = 100;
/** Of the list. Past it the oldest are evicted, and `lostUntil` rises. */
export const ENDED_SESSIONS_MAX = 100_000;

/** Errors of all methods: `store-unavailable`. */
export interface SessionStore {
  /** Adds the session, or replaces it. Durable. The user's expired sessions are removed. */
  put(session: SessionRow, now: number): Promise<void>;
  find(userId: string, sessionId: string): Promise<SessionRow | null>;
  /** Changes what is given. False, and nothing changes, if there is no such session any more. */
  change(userId: string, sessionId: string, change: SessionChange): Promise<boolean>;
  /** Those that have not expired at `now`, the last used first. */
  list(userId: string, now: number): Promise<SessionRow[]>;
  /**
   * Ends sessions: adds them to the list of ended ones, removes them and revokes their refresh
   * tokens, in this order, or in one step. Idempotent; ids that are no sessions of the user are
   * added to the list too. Those that ended before `forgottenBefore` leave the list.
   */
  end(
    userId: string,
    sessionIds: readonly string[],
    now: number,
    forgottenBefore: number,
  ): Promise<void>;
  /** The list behind a position, oldest first; 0 is the beginning. At most `limit` rows. */
  ended(after: number, limit: number): Promise<EndedPage>;
}
