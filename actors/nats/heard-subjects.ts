// What a node listens to on NATS: a subject for each topic, or for a group of users' topics. What
// comes is decoded and handed to the node's own listeners.

import type { NatsConnection, Subscription } from 'nats';
import type { Logger } from 'pino';
import type { LiveMessage } from '../live-bus.ts';
import { decodeLiveMessage, decodeLiveText } from './live-frame.ts';
import { subjectOf } from './subjects.ts';
import { groupSubjectOf, isGroupSubject, isUserTopic, linesOf, userLineOf } from './user-frames.ts';

/** By name: users by their line in a frame, other topics by themselves. */
type Topics = Map<string, { readonly topic: string; listeners: number }>;

interface Heard {
  /** Null while NATS is away. */
  subscription: Subscription | null;
  readonly topics: Topics;
}

export interface HeardSubjectsOptions {
  /** Null while NATS is away. */
  readonly connection: () => NatsConnection | null;
  readonly receive: (topic: string, message: LiveMessage) => void;
  readonly log: Logger;
}

export class HeardSubjects {
  readonly #options: HeardSubjectsOptions;
  /** By subject. */
  readonly #heard = new Map<string, Heard>();

  constructor(options: HeardSubjectsOptions) {
    this.#options = options;
  }

  /** Counts one more listener of the topic, and returns what ends it: to be called once. */
  add(topic: string): () => void {
    const name = isUserTopic(topic) ? userLineOf(topic) : topic;
    const subject = isUserTopic(topic) ? groupSubjectOf(name) : subjectOf(topic);
    const heard = this.#hear(subject);
    const known = heard.topics.get(name) ?? { topic, listeners: 0 };
    heard.topics.set(name, known);
    known.listeners++;
    return () => {
      known.listeners--;
      if (known.listeners > 0) return;
      heard.topics.delete(name);
      if (heard.topics.size > 0) return;
      this.#heard.delete(subject);
      heard.subscription?.unsubscribe();
    };
  }

  /** On a new connection, all there is. */
  listenAnew(): void {
    for (const [subject, heard] of this.#heard) {
      heard.subscription = this.#listen(subject, heard.topics);
    }
  }

  #hear(subject: string): Heard {
    let heard = this.#heard.get(subject);
    if (heard === undefined) {
      const topics: Topics = new Map();
      heard = { subscription: this.#listen(subject, topics), topics };
      this.#heard.set(subject, heard);
    }
    return heard;
  }

  #listen(subject: string, topics: Topics): Subscription | null {
    const connection = this.#options.connection();
    if (connection === null) return null;
    const isGroup = isGroupSubject(subject);
    return connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) {
          this.#options.log.error({ err: error, subject }, 'a live subject cannot be heard');
        } else if (isGroup) {
          this.#receiveUsers(message.data, topics);
        } else {
          for (const { topic } of topics.values()) {
            this.#receive(topic, () => decodeLiveMessage(message.data));
          }
        }
      },
    });
  }

  #receiveUsers(frame: Uint8Array, topics: Topics): void {
    let lines: string[];
    try {
      lines = linesOf(frame);
    } catch (error) {
      this.#options.log.error({ err: error }, 'a frame of user messages could not be read');
      return;
    }
    for (let i = 0; i < lines.length; i += 2) {
      const heard = topics.get(lines[i]!);
      if (heard !== undefined) this.#receive(heard.topic, () => decodeLiveText(lines[i + 1]!));
    }
  }

  /** A defect in a listener must not end the connection that called it. */
  #receive(topic: string, decode: () => LiveMessage): void {
    try {
      this.#options.receive(topic, decode());
    } catch (error) {
      this.#options.log.error({ err: error, topic }, 'a live message could not be handled');
    }
  }
}
