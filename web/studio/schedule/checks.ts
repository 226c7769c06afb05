// What is wrong with a drop before it is announced, and what its creator may want to think about.

import {
  DROP_AHEAD_MAX_MS,
  LIMIT_PER_USER_MAX,
  STOCK_MAX,
  UNIT_AMOUNT_MAX,
} from '../../../contracts/bounds.ts';
import { isCurrency } from '../../shared/amounts.ts';
import type { ScheduleKey } from './messages/en.ts';

export interface Announcement {
  /** In milliseconds since the Unix epoch; NaN: none was given. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** It starts when it is announced, whatever the start says. */
  readonly isNow: boolean;
  readonly units: number;
  readonly limit: number;
  /** As it was typed; the amount is null where it is none of the currency. */
  readonly price: string;
  readonly amount: number | null;
  readonly currency: string;
  readonly hasPicture: boolean;
  readonly hasText: boolean;
}

export interface Finding {
  readonly key: ScheduleKey;
  /** It cannot be announced so. */
  readonly isFault: boolean;
}

const SOON_MS = 10 * 60_000;
const LONG_MS = 7 * 24 * 3_600_000;

/** Faults first. Empty: nothing is to be said. */
export function findingsOf(drop: Announcement, now: number): readonly Finding[] {
  return [
    ...faultsOf(drop, now).map((key) => ({ key, isFault: true })),
    ...hintsOf(drop, now).map((key) => ({ key, isFault: false })),
  ];
}

function faultsOf(drop: Announcement, now: number): readonly ScheduleKey[] {
  const { isNow, endsAt, units, limit, price, amount, currency } = drop;
  const startsAt = isNow ? now : drop.startsAt;
  const known: readonly (readonly [isSo: boolean, ScheduleKey])[] = [
    [Number.isNaN(startsAt) || Number.isNaN(endsAt), 'fault.noTime'],
    [!isNow && startsAt <= now, 'fault.startsPast'],
    [endsAt <= startsAt, 'fault.endsFirst'],
    [endsAt > now + DROP_AHEAD_MAX_MS, 'fault.tooFar'],
    [!(units >= 1 && units <= STOCK_MAX), 'fault.units'],
    [!(limit >= 1 && limit <= LIMIT_PER_USER_MAX), 'fault.limit'],
    [!isCurrency(currency), 'fault.currency'],
    [isCurrency(currency) && price.trim() === '', 'fault.noPrice'],
    [isCurrency(currency) && price.trim() !== '' && amount === null, 'fault.price'],
    [amount !== null && amount > UNIT_AMOUNT_MAX, 'fault.priceMost'],
  ];
  return known.filter(([isSo]) => isSo).map(([, key]) => key);
}

function hintsOf(drop: Announcement, now: number): readonly ScheduleKey[] {
  const { isNow, endsAt, units, limit, amount, hasPicture, hasText } = drop;
  const startsAt = isNow ? now : drop.startsAt;
  const known: readonly (readonly [isSo: boolean, ScheduleKey])[] = [
    [!hasPicture, 'hint.noPicture'],
    [!hasText, 'hint.noText'],
    [amount === 0, 'hint.free'],
    [startsAt > now && startsAt - now < SOON_MS, 'hint.soon'],
    [endsAt - startsAt > LONG_MS, 'hint.long'],
    [units > 1 && limit >= units, 'hint.oneTakesAll'],
  ];
  return known.filter(([isSo]) => isSo).map(([, key]) => key);
}
