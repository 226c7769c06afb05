// The port of VAPID keys (RFC 8292): the key pairs with which push services are told who sends. A
// browser's subscription belongs to the key that it was made for, so old ones stay after a
// rotation. It holds private keys, so nothing of it is exported or listed; a backup has it.

/** A key pair of P-256. */
export interface VapidKey {
  readonly keyId: string;
  /** What browsers subscribe with: an uncompressed point, 65 bytes, base64url. */
  readonly publicKey: string;
  /** 32 bytes, base64url. */
  readonly privateKey: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

export const VAPID_KEYS_MAX = 8;

/** Errors of all methods: `store-unavailable`. */
export interface VapidKeyStore {
  /** All keys, the newest first: browsers subscribe with that one. */
  list(): Promise<readonly VapidKey[]>;
  /**
   * Adds the newest key. False, and nothing changes, where the newest so far has not the id
   * `after` (null: there is none), or where there are `VAPID_KEYS_MAX`. One atomic step: of nodes
   * that start at once, one adds the first key. When it resolves, the key is as durable as an entry
   * of the journal; with `store-unavailable` it may be there or not.
   */
  add(key: VapidKey, after: string | null): Promise<boolean>;
  /** Removes a key, never the newest: false for that one, and where there is none. As durable. */
  remove(keyId: string): Promise<boolean>;
}
