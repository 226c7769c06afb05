// How a message gets to a push service: over HTTP/2, or over HTTP/1.1 where it has nothing else.

export interface PushRequest {
  readonly url: URL;
  /** Of the message; the transport adds its own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface PushNoReply {
  readonly ok: false;
  /** One of a small set of words. */
  readonly failure: string;
}

export type PushReply =
  | { readonly ok: true; readonly status: number; readonly retryAfter: string | undefined }
  | PushNoReply;

export interface PushTransport {
  /** Never rejects. */
  post(request: PushRequest): Promise<PushReply>;
  /** Ends everything under way. */
  close(): Promise<void>;
}
