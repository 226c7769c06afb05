// Live topics as NATS subjects. A topic is a kind and an id, `drop.<id>`, and ids may hold what
// NATS gives a meaning to (`.`, `*`, `>`, spaces): those bytes are written as `=` and two hex
// digits, so that distinct topics are distinct subjects of plain characters.

const PREFIX = 'live.';
/** What a bus says to all others when frames of its own may be lost. No topic is written so. */
export const GAP_SUBJECT = 'live-gap';

const PLAIN_TOPIC = /^[a-z]+\.[A-Za-z0-9_-]+$/;
const PLAIN_CHARACTERS = /^[A-Za-z0-9_-]*$/;
/** No escape is like it, since the next character of one is a hex digit. */
const EMPTY = '=';

export function subjectOf(topic: string): string {
  if (PLAIN_TOPIC.test(topic)) return PREFIX + topic;
  const dot = topic.indexOf('.');
  if (dot < 0) return PREFIX + tokenOf(topic);
  return `${PREFIX + tokenOf(topic.slice(0, dot))}.${tokenOf(topic.slice(dot + 1))}`;
}

/** Distinct for distinct texts, of plain characters. */
export function tokenOf(text: string): string {
  if (text === '') return EMPTY;
  if (PLAIN_CHARACTERS.test(text)) return text;
  let escaped = '';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    escaped += PLAIN_CHARACTERS.test(character)
      ? character
      : `=${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}
