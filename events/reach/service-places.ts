// How the services of a fan-out share its bounds. Anybody may run a push service and subscribe with
// it, under any number of names. So the known ones have places of their own, which no other takes,
// and unknown ones share what is left: the most of them wait for each other, and for nobody else.

import { makerOf } from '../push/push-makers.ts';
import type { Behind, Retry } from './fan-out-cursor.ts';

/** The service of all mails. */
export const MAIL_SERVICE = 'mail';
/** The service of the pass of unknown ones that go together. */
export const OTHERS = '*';
/** Known services that are behind, at once. */
const BEHIND_MAX = 24;
/** Unknown ones that are behind, each by itself; more of them go together. */
const OTHERS_ALONE_MAX = 4;
/** Single failures that are tried again, and of them those of unknown services. */
export const RETRIES_MAX = 1_000;
const OTHERS_RETRIES_MAX = 500;
/**
 * In a row, in which a service took nothing: some three hours of a known one, and 25 minutes of an
 * unknown one, by which anybody could keep jobs alive.
 */
const ROUNDS_MAX = 48;
const OTHERS_ROUNDS_MAX = 12;

/** `service`: see `Target.service`. */
export function isKnown(service: string): boolean {
  return service === MAIL_SERVICE || makerOf(service) !== null;
}

/** Unknown services with passes of their own. */
export function alone(behind: readonly Behind[]): Behind[] {
  return behind.filter(({ service }) => service !== OTHERS && !isKnown(service));
}

/** Whether one more service may be behind by itself. */
export function hasPlace(behind: readonly Behind[], service: string): boolean {
  if (isKnown(service)) return behind.filter((one) => isKnown(one.service)).length < BEHIND_MAX;
  if (behind.some((one) => one.service === OTHERS)) return false;
  return alone(behind).length < OTHERS_ALONE_MAX;
}

/** For more failures of the service. */
export function roomFor(retries: readonly Retry[], service: string): number {
  const room = Math.max(0, RETRIES_MAX - retries.length);
  if (isKnown(service)) return room;
  const others = retries.filter(({ isOther }) => isOther === true).length;
  return Math.min(room, Math.max(0, OTHERS_RETRIES_MAX - others));
}

/** After more rounds a target of it, or the service, is given up. */
export function roundsMax(service: string): number {
  return isKnown(service) ? ROUNDS_MAX : OTHERS_ROUNDS_MAX;
}

/** The main pass is for all that are not behind, a service's own pass for that one. */
export function serviceFilter(
  behind: readonly Behind[],
  own: Behind | null,
): (service: string) => boolean {
  if (own !== null && own.service !== OTHERS) return (service) => service === own.service;
  if (own !== null) {
    const except = new Set(own.except);
    return (service) => !isKnown(service) && !except.has(service);
  }
  const names = new Set(behind.map(({ service }) => service));
  return (service) => !names.has(service) && (isKnown(service) || !names.has(OTHERS));
}
