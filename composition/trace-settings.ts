// The settings of traces and of the access log.

import { Type } from 'typebox';
import { meaning, unsetOr, wordsOf } from './setting-shapes.ts';

const SLOW_MS_MAX = 60_000;
const HOLD_SECONDS_MAX = 60;
const HELD_MAX = 10_000_000;
const QUEUE_MIN = 256;
const QUEUE_MAX = 1_000_000;
const COMMA = /\s*,\s*/;
const HEADER = /^[A-Za-z0-9-]{1,100}=[!-~ ]{1,4096}$/;
/** The value of `ACCESS_LOG` for none. */
const LOG_OFF = 'off';

/** By the variable's name without `LIVEDROPS_`. */
export const TRACE_SETTINGS = {
  TRACES: unsetOr(
    Type.Refine(Type.String({ pattern: '^https?://' }), (url) => URL.canParse(url)),
    {
      default: '',
      secret: true,
      description: 'Where traces are sent, by OTLP over HTTP; unset: there are none.',
      requirement: 'must be a URL such as http://127.0.0.1:4318/v1/traces, or unset',
    },
  ),
  TRACES_HEADERS: meaning<readonly string[]>(
    {
      default: '',
      secret: true,
      description: 'Headers of what is sent there, such as a key, with commas between.',
      requirement: 'must be name=value, with commas between',
    },
    (text) => wordsOf(text, COMMA).every((word) => HEADER.test(word)),
    (text) => wordsOf(text, COMMA),
  ),
  TRACE_RATIO: Type.Number({
    minimum: 0,
    maximum: 1,
    default: '0.01',
    description: 'The share of traces that are sent although they are neither slow nor failed.',
    requirement: 'must be a number from 0 to 1, such as 0.01',
  }),
  TRACE_SLOW_MS: Type.Integer({
    minimum: 0,
    maximum: SLOW_MS_MAX,
    default: '500',
    description: 'An order or another change that takes longer is slow.',
    requirement: `must be milliseconds, 0 to ${SLOW_MS_MAX}`,
  }),
  TRACE_SLOW_READ_MS: Type.Integer({
    minimum: 0,
    maximum: SLOW_MS_MAX,
    default: '200',
    description: 'A read that takes longer is slow.',
    requirement: `must be milliseconds, 0 to ${SLOW_MS_MAX}`,
  }),
  TRACE_HOLD_SECONDS: Type.Integer({
    minimum: 1,
    maximum: HOLD_SECONDS_MAX,
    default: '10',
    description: 'How long each node holds what it did, until its trace may turn out slow.',
    requirement: `must be seconds, 1 to ${HOLD_SECONDS_MAX}`,
  }),
  TRACE_HELD_MAX: Type.Integer({
    minimum: 1_000,
    maximum: HELD_MAX,
    default: '100000',
    description: 'Requests, batches and calls that are held at once; the oldest leave earlier.',
    requirement: `must be a number, 1000 to ${HELD_MAX}`,
  }),
  TRACE_QUEUE: Type.Integer({
    minimum: QUEUE_MIN,
    maximum: QUEUE_MAX,
    default: '8192',
    description: 'Spans that wait to be sent; what finds no room is dropped and counted.',
    requirement: `must be a number, ${QUEUE_MIN} to ${QUEUE_MAX}`,
  }),
  ACCESS_LOG: meaning<number | null>(
    {
      default: LOG_OFF,
      description: 'The share of requests that have a line in the log; off: none.',
      requirement: 'must be a number above 0, up to 1, or off',
    },
    (text) => text === LOG_OFF || (/^\d(\.\d{1,6})?$/.test(text) && isShare(Number(text))),
    (text) => (text === LOG_OFF ? null : Number(text)),
  ),
};

function isShare(share: number): boolean {
  return share > 0 && share <= 1;
}
