// English as a trial of other languages (`?lang=ar-XB`): from right to left, and longer, to see
// whether pages turn and have room. Each word runs backwards by Unicode's override (UAX #9), as in
// the locale of that name in ICU and Android, and is half as long again.

import type { Message, MessagesOf } from './messages/en.ts';

const RIGHT_TO_LEFT_OVERRIDE = '\u202e';
const POP_DIRECTIONAL_FORMATTING = '\u202c';
/** What is filled in stays as it is. */
const PLACE_OR_WORD = /\{\w+\}|[\p{L}’]+/gu;

export function trialOf<K extends string>(messages: MessagesOf<K>): MessagesOf<K> {
  const forms = ([key, message]: [string, Message]) => [
    key,
    typeof message === 'string'
      ? trialText(message)
      : Object.fromEntries(
          Object.entries(message).map(([form, words]) => [form, trialText(words)]),
        ),
  ];
  return Object.fromEntries(Object.entries<Message>(messages).map(forms)) as MessagesOf<K>;
}

function trialText(text: string): string {
  return text.replaceAll(PLACE_OR_WORD, (found) => {
    if (found.startsWith('{')) return found;
    const longer = found + found.slice(0, Math.ceil(found.length / 2));
    return `${RIGHT_TO_LEFT_OVERRIDE}${longer}${POP_DIRECTIONAL_FORMATTING}`;
  });
}
