// Hosts that a node listens on, as they stand in URLs.

import { hostname } from 'node:os';

export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Under which others call a node that listens on `host`: nobody can call "every address", which
 * stands for the name of the machine.
 */
export function calledHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? hostname() : urlHost(host);
}
