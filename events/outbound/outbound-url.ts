// Which URLs may be called that somebody else gave, by their text. The addresses behind them are
// judged when they are connected to (connector.ts).

import { isIP } from 'node:net';
import { URL_LENGTH_MAX } from '../../contracts/bounds.ts';
import { OutboundError } from './outbound-error.ts';

/** Ports below are those of other protocols, which a call could be mistaken for. */
const FREE_PORT_MIN = 1_024;
const HTTPS_PORT = 443;

export interface OutboundUrl {
  readonly url: URL;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  readonly isEncrypted: boolean;
}

/**
 * Accepts https and, for networks that the operator allows, http; the connector decides which.
 * Errors: OutboundError `refused-url`.
 */
export function parseOutboundUrl(text: string): OutboundUrl {
  if (text.length > URL_LENGTH_MAX || !URL.canParse(text)) throw refused('it is no URL');
  const url = new URL(text);
  const isEncrypted = url.protocol === 'https:';
  if (!isEncrypted && url.protocol !== 'http:') throw refused('it is not https');
  if (url.username !== '' || url.password !== '') throw refused('it names a user');
  const port = url.port === '' ? (isEncrypted ? HTTPS_PORT : 80) : Number(url.port);
  const isStandard = url.port === '';
  if (!isStandard && port < FREE_PORT_MIN) throw refused(`port ${port} is for something else`);
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  // The root's dot (RFC 1034) would make one host two, and no certificate has it.
  if (hostname.endsWith('.') && isIP(hostname) === 0) throw refused('its host ends with a dot');
  return { url, hostname, port, isEncrypted };
}

function refused(why: string): OutboundError {
  return new OutboundError('refused-url', `This address is not called: ${why}.`);
}
