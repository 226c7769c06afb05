// One client's connection as its operations see it.

import type { GraphQLFormattedError } from 'graphql';
import type { TokenIdentity } from '../../../contracts/accounts.ts';

export interface GraphQLClient {
  readonly address: string;
  /** The key under which rate limits count the client's address. */
  readonly addressKey: string;
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
  /**
   * As `next`, for what nothing later replaces: a client without room is closed, and it is false.
   */
  nextOrClose(begin: string, payload: string): boolean;
  /** The client has not ended the operation, nor given its id to another. */
  has(asked: AskedOperation): boolean;
  /** These two do nothing for an operation that the client does not have any more. */
  completed(asked: AskedOperation): void;
  failed(asked: AskedOperation, errors: readonly GraphQLFormattedError[]): void;
  /** These two end the connection. */
  sessionEnded(): void;
  tryAgainLater(): void;
}

/** One operation of a client: its id may be another's once it has ended. */
export interface AskedOperation {
  readonly id: string;
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
