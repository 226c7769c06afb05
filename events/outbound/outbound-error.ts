// Why a call to an address that somebody else gave brought no reply.

export type OutboundFailure =
  /** The address is no https one, or names a user, or a port that is not for this. */
  | 'refused-url'
  /** The name leads into a network that is not the public one. Nothing was connected to. */
  | 'refused-address'
  /** The name has no address, or DNS gave no answer. */
  | 'dns'
  /** No connection: refused, unreachable. */
  | 'connect'
  /** No encrypted connection: the certificate is not valid, or the protocol failed. */
  | 'tls'
  /** A connection, a reply or its end took too long. */
  | 'timeout'
  /** The reply has too many bytes of headers. */
  | 'too-large'
  /** The connection ended before the reply had. */
  | 'closed'
  /** What came is no reply of HTTP. */
  | 'protocol'
  /** This process has as many calls under way as it may have. */
  | 'busy'
  /** The caller's signal, or the client was closed. */
  | 'aborted';

export class OutboundError extends Error {
  readonly failure: OutboundFailure;

  constructor(failure: OutboundFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
