// One end of the message port between the main thread and a gateway thread. Both ends ask
// questions, which the other answers, and tell what needs no answer. Everything that is sent comes
// in the order in which it was sent. It is plain data: what `structuredClone` copies.

import type { MessagePort } from 'node:worker_threads';

/** Questions without an answer yet; past it they are refused. */
const QUESTIONS_MAX = 10_000;

type Message =
  | { readonly kind: 'ask'; readonly id: number; readonly question: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: Fault }
  | { readonly kind: 'tell'; readonly told: unknown };

interface Fault {
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  /** Of the broker's errors. */
  readonly type: unknown;
}

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (fault: Error) => void;
}

/** Too many questions wait. */
export class PortFullError extends Error {
  readonly code = 'queue-full';
}

/** The other thread has ended, and with the main thread the way to the stores. */
export class PortClosedError extends Error {
  readonly code = 'store-unavailable';
}

export interface ThreadPortOptions<Asked, Told> {
  readonly port: MessagePort;
  /** What it rejects with reaches who asked, with its message, stack and code. */
  readonly answer: (question: Asked) => Promise<unknown>;
  readonly told: (told: Told) => void;
  /** Called before each answer is sent: what must come before it can be sent there. */
  readonly beforeAnswer?: () => void;
}

/** `Asked` and `Told`: what the other end asks and tells. */
export class ThreadPort<Asked, Told> {
  readonly #options: ThreadPortOptions<Asked, Told>;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #isClosed = false;

  constructor(options: ThreadPortOptions<Asked, Told>) {
    this.#options = options;
    const { port } = options;
    port.on('message', (message: Message) => this.#take(message));
    port.on('close', () => this.#closed());
  }

  /** Errors: `queue-full`, `store-unavailable`; an Error with the `code` of the other end's. */
  ask<Answer>(question: unknown): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(new PortClosedError('the thread has ended'));
    if (this.#waiting.size >= QUESTIONS_MAX)
      return Promise.reject(new PortFullError('too many questions wait for their answers'));
    const id = ++this.#lastId;
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ kind: 'ask', id, question });
    });
  }

  tell(told: unknown): void {
    this.#send({ kind: 'tell', told });
  }

  close(): void {
    this.#options.port.close();
  }

  #send(message: Message): void {
    this.#options.port.postMessage(message);
  }

  #take(message: Message): void {
    const { told, answer } = this.#options;
    if (message.kind === 'tell') return told(message.told as Told);
    if (message.kind === 'ask') {
      const { id } = message;
      answer(message.question as Asked).then(
        (value) => this.#answer({ kind: 'answer', id, answer: value }),
        (error: unknown) => this.#answer({ kind: 'fault', id, fault: faultOf(error) }),
      );
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.answer as never);
    else waiting?.reject(errorOf(message.fault));
  }

  #answer(message: Message): void {
    this.#options.beforeAnswer?.();
    this.#send(message);
  }

  #closed(): void {
    this.#isClosed = true;
    for (const { reject } of this.#waiting.values())
      reject(new PortClosedError('the thread has ended'));
    this.#waiting.clear();
  }
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error))
    return { message: String(error), stack: undefined, code: undefined, type: undefined };
  const { message, stack } = error;
  const { code, type } = error as { code?: unknown; type?: unknown };
  return { message, stack, code, type };
}

function errorOf({ message, stack, code, type }: Fault): Error {
  const error = Object.assign(
    new Error(message),
    code !== undefined && { code },
    type !== undefined && { type },
  );
  if (stack !== undefined) error.stack = stack;
  return error;
}
