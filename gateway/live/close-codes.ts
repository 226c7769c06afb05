// Why the live stream ends a connection, in one table. 40xx and the standard 1012 and 1013 ask the
// client to come back; 44xx, 1003 and 1009 say that the same client doing the same thing would be
// turned away again.

export interface CloseCode {
  readonly code: number;
  /** Short enough for a close frame (123 bytes). */
  readonly reason: string;
  /** Whether the client should reconnect, and send `resume` then. */
  readonly retry: boolean;
}

export const CLOSE_CODES = {
  binaryFrame: { code: 1003, reason: 'text frames only', retry: false },
  messageTooLong: { code: 1009, reason: 'message too long', retry: false },
  restart: { code: 1012, reason: 'service restart', retry: true },
  tryAgainLater: { code: 1013, reason: 'try again later', retry: true },
  tokenExpired: { code: 4001, reason: 'token expired', retry: true },
  slowClient: { code: 4002, reason: 'too slow to keep up', retry: true },
  tooManyMessages: { code: 4003, reason: 'too many messages', retry: true },
  malformed: { code: 4400, reason: 'too many malformed messages', retry: false },
  dropNotFound: { code: 4404, reason: 'drop not found', retry: false },
} as const satisfies Readonly<Record<string, CloseCode>>;
