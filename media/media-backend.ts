// What the media process asks of the process that started it: who may upload, what became of an
// upload. It has no accounts, no limits and no store of its own but the blobs.

import type { ActionName, ActionOutcome, ActionParams } from '../contracts/actions.ts';

/** A request of a caller, as the gateway's routes for uploads take it. */
export interface BackendRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The caller's `Authorization`; empty where there is none. */
  readonly authorization: string;
  /** The caller's `Idempotency-Key`; empty where there is none. */
  readonly key: string;
  /** The caller's. */
  readonly address: string;
  /** JSON; empty for none. */
  readonly body: string;
}

export interface BackendReply {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** The actions that only this process calls. */
export type MediaAction = Extract<
  ActionName,
  | 'media.get'
  | 'media.anyPublic'
  | 'media.received'
  | 'media.settle'
  | 'media.expire'
  | 'media.sweep'
  | 'media.lock'
  | 'media.unlock'
>;

export interface MediaBackend {
  /** Never rejects: 503 where nobody answers. */
  dispatch(request: BackendRequest): Promise<BackendReply>;
  /** Refuses `unavailable` where nobody answers. */
  call<A extends MediaAction>(action: A, params: ActionParams<A>): Promise<ActionOutcome<A>>;
}
