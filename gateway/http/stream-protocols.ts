// The subprotocols of a live stream (RFC 6455, Sec-WebSocket-Protocol). A browser can set no other
// header of an upgrade, so the access token may come as one of them and stays out of addresses, and
// so out of logs (N9a). The answer selects `livedrops.v1` and never repeats the token.

import type { Outcome } from '../../contracts/refusals.ts';
import { STREAM_PROTOCOL, STREAM_PROTOCOLS_MAX, TOKEN_PROTOCOL } from '../../contracts/live.ts';
import { refusal, success } from '../../domain/refusal.ts';

export interface StreamProtocols {
  /** The answer's header. Empty: none was offered that the stream speaks, and none is selected. */
  readonly selected: string;
  /** Empty where there is none. */
  readonly token: string;
}

const NONE = success<StreamProtocols>({ selected: '', token: '' });

const TOO_MANY = `Sec-WebSocket-Protocol: at most ${STREAM_PROTOCOLS_MAX} protocols.`;
const ONE_TOKEN = `Sec-WebSocket-Protocol: ${TOKEN_PROTOCOL}TOKEN may be given once.`;
const notAlone = (spoken: string): string =>
  `Sec-WebSocket-Protocol: ${TOKEN_PROTOCOL}TOKEN needs ${spoken} beside it, ` +
  'which the server selects.';

/**
 * `header`: all lines of Sec-WebSocket-Protocol, joined with commas. `spoken`: the protocol that
 * the server speaks at this address.
 */
export function streamProtocols(
  header: string,
  spoken: string = STREAM_PROTOCOL,
): Outcome<StreamProtocols> {
  if (header === '') return NONE;
  const offered = header.split(',', STREAM_PROTOCOLS_MAX + 1).map((one) => one.trim());
  if (offered.length > STREAM_PROTOCOLS_MAX) return refusal('invalid-request', TOO_MANY);
  const selected = offered.includes(spoken) ? spoken : '';
  const tokens = offered.filter((one) => one.startsWith(TOKEN_PROTOCOL));
  if (tokens.length > 1) return refusal('invalid-request', ONE_TOKEN);
  if (tokens.length === 1 && selected === '') return refusal('invalid-request', notAlone(spoken));
  return success({ selected, token: tokens[0]?.slice(TOKEN_PROTOCOL.length) ?? '' });
}
