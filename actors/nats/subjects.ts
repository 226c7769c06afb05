// Live topics as NATS subjects. A topic is a kind and an id: `drop.<id>`. Ids may contain
// characters that have a meaning in NATS (`.`, `*`, `>`, spaces). Their bytes are written as `=`
// and two hex digits, so distinct topics are distinct subjects of plain characters.

const PREFIX = 'live.';
/** A bus publishes to it when messages of its own may be lost. No topic maps to it. */
export const GAP_SUBJECT = 'live-gap';

const PLAIN_TOPIC = /^[a-z]+\.[A-Za-z0-9_-]+$/;
const PLAIN_CHARACTERS = /^[A-Za-z0-9_-]*$/;
/** Differs from every escape: in an escape a hex digit follows. */
const EMPTY = '=';

export function subjectOf(topic: string): string {
  if (PLAIN_TOPIC.test(topic)) return PREFIX + topic;
  const dot = topic.indexOf('.');
  if (dot < 0) return PREFIX + tokenOf(topic);
  return `${PREFIX + tokenOf(topic.slice(0, dot))}.${tokenOf(topic.slice(dot + 1))}`;
}

/** Escapes a text to plain characters. Distinct texts give distinct tokens. */
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
