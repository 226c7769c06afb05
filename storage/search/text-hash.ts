// A hash of a text in 60 bits, written as digits in base 32. Whatever is found by it is compared
// itself afterwards.

const DIGITS = '0123456789abcdefghijklmnopqrstuv';
const DIGIT_BITS = 5;
/** In each of the two halves. */
const DIGITS_EACH = 6;
/** Of a hash. */
export const HASH_LENGTH = 2 * DIGITS_EACH;

export class TextHash {
  #low = 0;
  #high = 0;

  begin(): void {
    this.#low = 0x811c9dc5;
    this.#high = 0x9747b28c;
  }

  /** The next UTF-16 unit. */
  add(unit: number): void {
    this.#low = Math.imul(this.#low ^ unit, 0x01000193);
    this.#high = Math.imul(this.#high ^ unit, 0x5bd1e995);
    this.#high ^= this.#high >>> 15;
  }

  addText(text: string): void {
    for (let at = 0; at < text.length; at++) this.add(text.charCodeAt(at));
  }

  /** Writes `HASH_LENGTH` ASCII digits. */
  write(bytes: Uint8Array, at: number): void {
    for (let digit = 0; digit < DIGITS_EACH; digit++) {
      const shift = DIGIT_BITS * digit;
      bytes[at + 2 * digit] = DIGITS.charCodeAt((this.#low >>> shift) & 31);
      bytes[at + 2 * digit + 1] = DIGITS.charCodeAt((this.#high >>> shift) & 31);
    }
  }
}

export function hashText(text: string): string {
  const hash = new TextHash();
  hash.begin();
  hash.addText(text);
  const digits = Buffer.alloc(HASH_LENGTH);
  hash.write(digits, 0);
  return digits.toString('latin1');
}
