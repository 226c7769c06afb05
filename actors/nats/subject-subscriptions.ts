// The NATS subscriptions of a node: one subject for each topic, or for a group of users' topics.
// Received messages are decoded and handed to the node's own listeners.

import type { NatsConnection, Subscription } from 'nats';
import type { Logger } from 'pino';
import type { LiveMessage } from '../live-bus.ts';
import { decodeLiveMessage, decodeLiveText } from '../live-frame.ts';
import { subjectOf } from './subjects.ts';
import { groupSubjectOf, isGroupSubject, isUserTopic, linesOf, userLineOf } from './user-frames.ts';

/** Users by their line in a frame, other topics by their own text. */
type Topics = Map<string, { readonly topic: string; listeners: number }>;

interface SubjectSubscription {
  /** Null while NATS is away. */
  subscription: Subscription | null;
  readonly topics: Topics;
}

export interface SubjectSubscriptionsOptions {
  /** Null while NATS is away. */
  readonly connection: () => NatsConnection | null;
  readonly receive: (topic: string, message: LiveMessage) => void;
  readonly log: Logger;
}

export class SubjectSubscriptions {
  readonly #options: SubjectSubscriptionsOptions;
  readonly #bySubject = new Map<string, SubjectSubscription>();

  constructor(options: SubjectSubscriptionsOptions) {
    this.#options = options;
  }

  /** Adds a listener of the topic. Returns a function that removes it: call that once. */
  add(topic: string): () => void {
    const name = isUserTopic(topic) ? userLineOf(topic) : topic;
    const subject = isUserTopic(topic) ? groupSubjectOf(name) : subjectOf(topic);
    const entry = this.#open(subject);
    const counted = entry.topics.get(name) ?? { topic, listeners: 0 };
    entry.topics.set(name, counted);
    counted.listeners++;
    return () => {
      counted.listeners--;
      if (counted.listeners > 0) return;
      entry.topics.delete(name);
      if (entry.topics.size > 0) return;
      this.#bySubject.delete(subject);
      entry.subscription?.unsubscribe();
    };
  }

  /** Subscribes to every subject again, on a new connection. */
  resubscribe(): void {
    for (const [subject, entry] of this.#bySubject) {
      entry.subscription = this.#subscribe(subject, entry.topics);
    }
  }

  #open(subject: string): SubjectSubscription {
    let entry = this.#bySubject.get(subject);
    if (entry === undefined) {
      const topics: Topics = new Map();
      entry = { subscription: this.#subscribe(subject, topics), topics };
      this.#bySubject.set(subject, entry);
    }
    return entry;
  }

  #subscribe(subject: string, topics: Topics): Subscription | null {
    const connection = this.#options.connection();
    if (connection === null) return null;
    const isGroup = isGroupSubject(subject);
    return connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) {
          this.#options.log.error({ err: error, subject }, 'a live subscription has failed');
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
      const entry = topics.get(lines[i]!);
      if (entry !== undefined) this.#receive(entry.topic, () => decodeLiveText(lines[i + 1]!));
    }
  }

  /** Logs the error of a listener: an error thrown here would end the connection. */
  #receive(topic: string, decode: () => LiveMessage): void {
    try {
      this.#options.receive(topic, decode());
    } catch (error) {
      this.#options.log.error({ err: error, topic }, 'a live message could not be handled');
    }
  }
}
