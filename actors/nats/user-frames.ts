// What users are told, on its way between nodes. A subject for each user would make every order a
// message of its own, which costs its publisher and NATS more than all else that is done to tell
// it, and mostly reaches nobody. So users are spread over groups: what is published for a group in
// one turn of the event loop is one frame, and a node with a listener in a group gets all of the
// group's frames, and passes over what is for others without decoding it.
//
// An order's share of it: its publisher 3.9 CPU microseconds instead of 5.3, nats-server 0.7
// instead of 3.0 (`node_modules/.bin/node bench/live-bus.ts`, medians of runs in turns).
//
// A frame is a text of lines: the user, then the message (JSON, `live-frame.ts`), in turns. No
// user's line is empty: a frame of a newer format will begin with an empty line, then its version.

import { fnv1a } from '../../domain/ids.ts';
import { NewerFormatError } from '../../storage/formats/format-version.ts';
import { tokenOf } from './subjects.ts';

/** All nodes must agree. More of them spare nodes with few listeners, and make frames smaller. */
const GROUPS = 16;
const TOPIC_PREFIX = 'user.';
const SUBJECT_PREFIX = 'live-users.';
/** Far below what NATS takes, also when every character is several bytes. */
const FRAME_CHARACTERS_MAX = 64 * 1024;

export function isUserTopic(topic: string): boolean {
  return topic.startsWith(TOPIC_PREFIX);
}

/** The user as a line of a frame: characters that do not end one. */
export function userLineOf(topic: string): string {
  return tokenOf(topic.slice(TOPIC_PREFIX.length));
}

export function groupSubjectOf(userLine: string): string {
  return SUBJECT_PREFIX + groupOf(userLine);
}

export function isGroupSubject(subject: string): boolean {
  return subject.startsWith(SUBJECT_PREFIX);
}

function groupOf(userLine: string): number {
  return fnv1a(userLine) % GROUPS;
}

interface Frame {
  text: string;
  messages: number;
}

/** Gathers messages into a frame for each group, until told to send them. */
export class UserFrames {
  readonly #frames: (Frame | undefined)[] = new Array<undefined>(GROUPS).fill(undefined);
  readonly #send: (subject: string, text: string, messages: number) => void;

  constructor(options: { send: (subject: string, text: string, messages: number) => void }) {
    this.#send = options.send;
  }

  /** A frame that is full goes at once. */
  add(userLine: string, messageText: string): void {
    const group = groupOf(userLine);
    const lines = `${userLine}\n${messageText}`;
    const frame = this.#frames[group];
    if (frame === undefined) {
      this.#frames[group] = { text: lines, messages: 1 };
      return;
    }
    if (frame.text.length + lines.length > FRAME_CHARACTERS_MAX) {
      // Sending may send all that there is, so what is sent must not be there any more.
      this.#frames[group] = { text: lines, messages: 1 };
      this.#send(SUBJECT_PREFIX + group, frame.text, frame.messages);
      return;
    }
    frame.text += `\n${lines}`;
    frame.messages += 1;
  }

  sendAll(): void {
    for (let group = 0; group < GROUPS; group++) {
      const frame = this.#frames[group];
      if (frame === undefined) continue;
      this.#frames[group] = undefined;
      this.#send(SUBJECT_PREFIX + group, frame.text, frame.messages);
    }
  }
}

/** The users and messages of a frame, in turns. Errors: NewerFormatError. */
export function linesOf(frame: Uint8Array): string[] {
  const text = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString();
  const lines = text.split('\n');
  if (lines[0] === '') throw new NewerFormatError('a frame of user messages', lines[1]);
  return lines;
}
