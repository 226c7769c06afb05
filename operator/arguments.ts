// Parsers for command line arguments. Each one turns text into a value, or throws commander's error
// with a sentence that describes a valid argument.

import { InvalidArgumentError } from 'commander';
import { EMAIL_LENGTH_MAX } from '../contracts/bounds.ts';
import { AUDITOR_ROLE, CREATOR_ROLE, OPERATOR_ROLE } from '../contracts/role-names.ts';
import { DROP_ID, EMAIL, JOB_ID, LINE, REFUND_ID } from '../contracts/patterns.ts';
import { SHARD_COUNT } from '../domain/ids.ts';

const ROLES: readonly string[] = [CREATOR_ROLE, OPERATOR_ROLE, AUDITOR_ROLE];
const SECONDS_OF = { s: 1, m: 60, h: 3600, d: 86_400 };
const SECONDS_MAX = 366 * SECONDS_OF.d;

export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

export const shardNumber = integer(0, SHARD_COUNT - 1);

/** Parses `90s`, `15m`, `1h`, `7d`, or a plain number of seconds. Returns seconds. */
export function duration(text: string): number {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text);
  const unit = (match?.[2] || 's') as keyof typeof SECONDS_OF;
  const seconds = Number(match?.[1]) * SECONDS_OF[unit];
  if (seconds >= 1 && seconds <= SECONDS_MAX) return seconds;
  throw new InvalidArgumentError('It must be a time such as 90s, 15m, 1h or 7d, up to 366d.');
}

export function userId(text: string): string {
  if (/^(?!me$)[\x21-\x7e]{1,120}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 120 visible ASCII characters, and not "me".');
}

export function email(text: string): string {
  if (text.length <= EMAIL_LENGTH_MAX && new RegExp(EMAIL, 'u').test(text)) return text;
  throw new InvalidArgumentError('It must be an e-mail address.');
}

export function nodeId(text: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, _ or -.');
}

export function dropId(text: string): string {
  if (new RegExp(DROP_ID).test(text)) return text;
  throw new InvalidArgumentError('It must be the id of a drop, such as d_7.');
}

export function refundId(text: string): string {
  if (new RegExp(REFUND_ID).test(text)) return text;
  throw new InvalidArgumentError('It must be an id that `livedrops refunds` lists.');
}

export function jobId(text: string): string {
  if (new RegExp(JOB_ID).test(text)) return text;
  throw new InvalidArgumentError('It must be an id that `livedrops jobs` lists.');
}

/** One line of readable text, up to `lengthMax` characters. */
export function line(lengthMax: number): (text: string) => string {
  return (text) => {
    if (text.length <= lengthMax && new RegExp(LINE, 'u').test(text)) return text;
    throw new InvalidArgumentError(`It must be one line of 1 to ${lengthMax} characters.`);
  };
}

/** Returns the origin without a slash at its end, so that a path can follow. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url.origin;
  throw new InvalidArgumentError('It must be an address such as http://127.0.0.1:8080.');
}

export function webhookUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError(
    'It must be an address such as http://127.0.0.1:8080/v1/payments/stripe/webhook.',
  );
}

export function roles(text: string): string[] {
  const given = text.split(',').filter((item) => item !== '');
  if (given.every((role) => ROLES.includes(role))) return given;
  throw new InvalidArgumentError(`The roles are ${ROLES.join(', ')}, with commas between.`);
}
