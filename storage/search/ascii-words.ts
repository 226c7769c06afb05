// Divides ASCII texts into words, in one pass over their bytes: most texts are ASCII, and dividing
// them is a large part of what a document costs. The rules are those of `words.ts`.

const SIGN = 0;
/** It has a word on both sides, and makes one chunk of them; elsewhere it is a sign. */
const JOINER = 1;
const LETTER = 2;
const DIGIT = 3;
/** What an ASCII character is. */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-zA-Z]/.test(character)) return LETTER;
  if (/[0-9]/.test(character)) return DIGIT;
  return /['`\-._/&+]/.test(character) ? JOINER : SIGN;
});
/** Of an ASCII letter: the bit that tells lower case from upper case. */
const LOWER_CASE = 0x20;
/** Characters of a text for which there is room at first. */
const CHARACTERS = 2_048;
/** Bytes of a UTF-16 unit in UTF-8, at most. */
const UNIT_BYTES_MAX = 3;
/** Behind a text: no word goes on there, nor behind a joiner at its end. */
const SIGNS_BEHIND = 2;

/** The parts of one text at a time, in the order of the text. */
export class AsciiWords {
  /** Letters are in lower case. */
  bytes = Buffer.alloc(0);
  parts = 0;
  /** Where each part begins and ends, and whether it is the last one of its chunk. */
  starts = new Int32Array(0);
  ends = new Int32Array(0);
  isLast = new Uint8Array(0);

  /** False where the text is not ASCII. What was read before is gone in either case. */
  read(text: string): boolean {
    const { length } = text;
    if (this.starts.length < length || this.starts.length === 0) this.#makeRoom(length);
    const { bytes, starts, ends, isLast } = this;
    this.parts = 0;
    if (bytes.write(text) !== length) return false;
    bytes.fill(0, length, length + SIGNS_BEHIND);
    let at = 0;
    let parts = 0;
    while (at < length) {
      const kind = KINDS[bytes[at]!]!;
      if (kind < LETTER) {
        at += 1;
        continue;
      }
      starts[parts] = at;
      do {
        if (kind === LETTER) bytes[at]! |= LOWER_CASE;
        at += 1;
      } while (KINDS[bytes[at]!] === kind);
      ends[parts] = at;
      if (KINDS[bytes[at]!] === JOINER && KINDS[bytes[at + 1]!]! >= LETTER) at += 1;
      isLast[parts] = KINDS[bytes[at]!]! >= LETTER ? 0 : 1;
      parts += 1;
    }
    this.parts = parts;
    return true;
  }

  #makeRoom(length: number): void {
    const characters = Math.max(CHARACTERS, 2 * length);
    // No text that is not ASCII is cut to bytes that are as many as its characters.
    this.bytes = Buffer.allocUnsafeSlow(characters * UNIT_BYTES_MAX + SIGNS_BEHIND);
    this.starts = new Int32Array(characters);
    this.ends = new Int32Array(characters);
    this.isLast = new Uint8Array(characters);
  }
}
