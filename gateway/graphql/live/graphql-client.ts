// One client's connection as its operations see it.

import type { GraphQLFormattedError } from 'graphql';
import type { TokenIdentity } from '../../../contracts/accounts.ts';

export interface GraphQLClient {
  readonly address: string;
  /** Of every request that is made for the client. */
  readonly header: (name: string) => string;
  readonly identity: TokenIdentity | null;
  readonly isClosed: boolean;
  bufferedBytes(): number;
  /**
   * Sends a payload: `begin` is `nextBegin` of the operation. False where there was no room: then
   * `drained` of the operation is called when there is some.
   */
  next(begin: string, payload: string): boolean;
  /** As `next`, for what nothing later replaces: a client without room is closed, and it is false. */
  nextOrClose(begin: string, payload: string): boolean;
  completed(id: string): void;
  failed(id: string, errors: readonly GraphQLFormattedError[]): void;
  /** These two end the connection. */
  sessionEnded(): void;
  tryAgainLater(): void;
}

/** An operation that goes on. */
export interface Operation {
  /** The client wants no more of it, or is gone. */
  stop(): void;
  /** The client has read part of its buffer. */
  drained(): void;
}

/** Of each `next` message of the operation: what stands before its payload. */
export function nextBegin(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"next","payload":`;
}
