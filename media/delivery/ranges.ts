// The Range header (RFC 9110, section 14): which bytes of how many are wanted.

import type { ByteRange } from '../../storage/ports/blobs.ts';

/** A request that names more is answered with the whole (RFC 9110, section 14.2). */
export const RANGES_MAX = 16;

const UNIT = /^bytes[ \t]*=/i;
const RANGE = /^(\d*)-(\d*)$/;

/**
 * `whole`: without the header, and where it is not valid, has another unit or too many ranges, as
 * if it were not there. Ranges come in the order that was asked for. Those that overlap or touch
 * are one, in the place of the first, so nobody gets a byte twice.
 */
export type WantedRanges =
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[] };

const WHOLE: WantedRanges = { kind: 'whole' };

export function wantedRanges(header: string | undefined, bytes: number): WantedRanges {
  const unit = UNIT.exec(header ?? '');
  if (header === undefined || unit === null) return WHOLE;
  const texts = header
    .slice(unit[0].length)
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (texts.length === 0 || texts.length > RANGES_MAX) return WHOLE;
  const ranges: ByteRange[] = [];
  for (const text of texts) {
    const range = parse(text, bytes);
    if (range === 'invalid') return WHOLE;
    if (range !== 'unsatisfiable') ranges.push(range);
  }
  return ranges.length === 0
    ? { kind: 'unsatisfiable' }
    : { kind: 'ranges', ranges: merged(ranges) };
}

function parse(text: string, bytes: number): ByteRange | 'invalid' | 'unsatisfiable' {
  const [, firstText = '', lastText = ''] = RANGE.exec(text) ?? [];
  if (firstText === '') {
    if (lastText === '') return 'invalid';
    const suffix = Number(lastText);
    if (suffix === 0 || bytes === 0) return 'unsatisfiable';
    return { first: Math.max(0, bytes - suffix), last: bytes - 1 };
  }
  const first = Number(firstText);
  const last = lastText === '' ? Infinity : Number(lastText);
  if (last < first) return 'invalid';
  return first >= bytes ? 'unsatisfiable' : { first, last: Math.min(last, bytes - 1) };
}

function merged(ranges: readonly ByteRange[]): ByteRange[] {
  const separate: ByteRange[] = [];
  for (const range of ranges) {
    let grown = range;
    let place = separate.length;
    // What grew may reach others that it did not reach before.
    for (let i = 0; i < separate.length; ) {
      const other = separate[i]!;
      if (other.first > grown.last + 1 || grown.first > other.last + 1) {
        i += 1;
        continue;
      }
      grown = {
        first: Math.min(other.first, grown.first),
        last: Math.max(other.last, grown.last),
      };
      separate.splice(i, 1);
      place = Math.min(place, i);
      i = 0;
    }
    separate.splice(Math.min(place, separate.length), 0, grown);
  }
  return separate;
}

export function contentRange({ first, last }: ByteRange, bytes: number): string {
  return `bytes ${first}-${last}/${bytes}`;
}
