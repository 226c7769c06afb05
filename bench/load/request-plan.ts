// The orders a load generator sends: every request under a key of its own, spread over enough buyers that nobody reaches a limit.

export const KEY_LENGTH = 36;

export interface RequestPlan {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** One access token for each buyer. */
  readonly tokens: readonly string[];
  readonly body: string;
}

export function headersFor(plan: RequestPlan, token: string, key: string): Record<string, string> {
  return {
    host: `${plan.host}:${plan.port}`,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': key,
  };
}

/** One request as bytes, its key at `keyAt`. */
export function requestBytes(plan: RequestPlan, token: string): { bytes: Buffer; keyAt: number } {
  const key = '0'.repeat(KEY_LENGTH);
  const headers = Object.entries(headersFor(plan, token, key)).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const length = Buffer.byteLength(plan.body);
  const text = `POST ${plan.path} HTTP/1.1\r\n${headers.join('')}content-length: ${length}\r\n\r\n${plan.body}`;
  const bytes = Buffer.from(text, 'latin1');
  return { bytes, keyAt: bytes.indexOf(`idempotency-key: ${key}`) + 'idempotency-key: '.length };
}
