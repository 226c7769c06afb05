// Finds the status and the end of an HTTP answer in its bytes, without allocating. Reads only the
// headers that give the length of the body.

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const COLON = 58;
const LOWER_CASE = 0x20;
const STATUS_AT = 'HTTP/1.1 '.length;
const CONTENT_LENGTH = Buffer.from('content-length');
const TRANSFER_ENCODING = Buffer.from('transfer-encoding');

/** The status code, such as 201. */
export function statusOf(bytes: Buffer): number {
  return (
    (bytes[STATUS_AT]! - 48) * 100 + (bytes[STATUS_AT + 1]! - 48) * 10 + bytes[STATUS_AT + 2]! - 48
  );
}

/**
 * The length in bytes, head and body, of the answer at the start of `bytes`; 0 while it is
 * incomplete. An answer without a length has no body. Trailers after chunks are not supported.
 */
export function answerLength(bytes: Buffer): number {
  let line = bytes.indexOf(LINE_FEED) + 1;
  if (line === 0) return 0;
  let bodyBytes = 0;
  let isChunked = false;
  while (bytes[line] !== CARRIAGE_RETURN) {
    if (isHeader(bytes, line, CONTENT_LENGTH)) {
      bodyBytes = numberAt(bytes, line + CONTENT_LENGTH.length + 1);
    } else if (isHeader(bytes, line, TRANSFER_ENCODING)) isChunked = true;
    line = bytes.indexOf(LINE_FEED, line) + 1;
    if (line === 0) return 0;
  }
  const body = line + 2;
  if (isChunked) return chunksEnd(bytes, body);
  return body + bodyBytes <= bytes.length ? body + bodyBytes : 0;
}

function isHeader(bytes: Buffer, at: number, name: Buffer): boolean {
  if (bytes[at + name.length] !== COLON) return false;
  for (let i = 0; i < name.length; i++) {
    if ((bytes[at + i]! | LOWER_CASE) !== name[i]) return false;
  }
  return true;
}

/** Parses a number, after optional spaces. */
function numberAt(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 32) at += 1;
  let value = 0;
  for (; bytes[at]! >= 48 && bytes[at]! <= 57; at++) value = value * 10 + bytes[at]! - 48;
  return value;
}

function chunksEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf(LINE_FEED, at);
    if (lineEnd < 0) return 0;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 1 + size + 2;
    if (at > bytes.length) return 0;
    if (size === 0) return at;
  }
}
