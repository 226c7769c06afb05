// What an owner did with one batch of commands. Each traced command has a span in its own trace,
// from the arrival of its call to the moment when its answer may leave, with the append under it.
// The batch has a span in the trace of its journal entry. The two are linked both ways: one batch
// works for many traces, so it can be the child of none (OpenTelemetry, fan-in by links).

import type { CommandReply } from '../../contracts/commands.ts';
import type { CallTraces } from './call-traces.ts';
import { isCommandSampled, markOfCommand, traceOfCommand } from './call-traces.ts';
import type { Held, SpanOutput } from './span.ts';
import {
  contextOf,
  entryContext,
  newSpanId,
  type SpanPlace,
  type TraceContext,
  traceIdOf,
} from './trace-context.ts';
import type { Tracing } from './tracing.ts';

/** As many as OpenTelemetry's SDKs keep of one span. */
const LINKS_MAX = 128;

/** A command whose trace is sent, and where its span is. */
interface WantedCommand {
  readonly context: TraceContext;
  readonly span: SpanPlace;
  readonly type: string;
  /** Its place among the commands of the batch. */
  readonly at: number;
  /** When its call came, monotonic. */
  readonly receivedAt: number;
}

/** Commands of one call and one type, one after the other. */
interface Run {
  /** Null: they have none. */
  readonly traces: CallTraces | null;
  readonly type: string;
  /** Behind its last command, among those of the batch. */
  end: number;
}

/** Between order ids, which have no blank. */
const SEPARATOR = ' ';

/** A journal entry's place, once it is durable. */
export interface DurablePlace {
  readonly shard: number;
  readonly epoch: number;
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

export class BatchTrace implements Held {
  readonly #tracing: Tracing;
  readonly #shard: number;
  /** Of each command its index among those of its call. What is held of one is little else. */
  readonly #indexes: number[] = [];
  readonly #runs: Run[] = [];
  #tracedCount = 0;
  /**
   * Of the commands, as they were added: empty where there is none. One flat text, since a text of
   * each would be as many objects that are held for seconds.
   */
  #orderIds = '';
  /** Known once it is asked for. */
  #wanted: readonly WantedCommand[] | null = null;
  /** Monotonic, like all times here. */
  readonly #startedAt: number;
  #decidedAt = 0;
  #endedAt = 0;
  #entry: DurablePlace | null = null;
  #error: string | null = null;

  constructor(tracing: Tracing, shard: number) {
    this.#tracing = tracing;
    this.#shard = shard;
    this.#startedAt = tracing.now();
  }

  add(traces: CallTraces | null, index: number, type: string): void {
    if (traces !== null) this.#tracedCount += 1;
    this.#indexes.push(index);
    const last = this.#runs.at(-1);
    if (last === undefined || last.traces !== traces || last.type !== type)
      this.#runs.push({ traces, type, end: this.#indexes.length });
    else last.end += 1;
  }

  /** All commands are decided; the append begins, where there is one. */
  decided(): void {
    this.#decidedAt = this.#tracing.now();
  }

  /**
   * `entry`: null where there was nothing to append. `replies`: to the commands, as they were
   * added.
   */
  ended(entry: DurablePlace | null, replies: readonly CommandReply[] = []): void {
    this.#entry = entry;
    if (entry !== null) this.#orderIds = replies.map(orderIn).join(SEPARATOR);
    this.#end();
  }

  /** Nothing of it is durable, as far as is known here. */
  failed(error: string): void {
    this.#error = error;
    this.chooseFailed();
    this.#end();
  }

  /** The traces of its commands failed, and are sent. */
  chooseFailed(): void {
    let at = 0;
    for (const { traces, end } of this.#runs) {
      for (; at < end; at++) {
        const traceparent =
          traces === null ? '' : traceOfCommand(traces.joined, this.#indexes[at]!);
        if (traceparent !== '') this.#tracing.choose(traceIdOf(traceparent), 'failed');
      }
    }
  }

  emit(out: SpanOutput): void {
    const place = this.#entry === null ? null : entryContext(this.#entry);
    const wanted = this.wanted(out);
    for (const command of wanted) this.#emitCommand(out, command, place);
    if (place === null) return;
    if (wanted.length > 0) out.follow(place.traceId);
    const { traceId: entryTraceId } = place;
    const orderIds = wanted.length > 0 ? this.#orderIds.split(SEPARATOR) : [];
    for (const { at, span: command } of wanted) {
      const orderId = orderIds[at] ?? '';
      if (orderId !== '') out.join({ entryTraceId, orderId, command });
    }
    if (!out.wantsEntry(place)) return;
    out.add({
      ...place,
      parentId: null,
      name: 'shard.batch',
      kind: 'internal',
      startMs: out.epochMs(this.#startedAt),
      endMs: out.epochMs(this.#endedAt),
      attributes: { ...this.#attributes(), 'livedrops.commands': this.#indexes.length },
      links: wanted.slice(0, LINKS_MAX).map(({ span }) => span),
      error: null,
    });
  }

  /** Its commands whose traces are sent. */
  wanted(out: SpanOutput): readonly WantedCommand[] {
    if (this.#wanted !== null) return this.#wanted;
    const wanted: WantedCommand[] = [];
    let begin = 0;
    for (const run of this.#runs) {
      if (run.traces !== null) this.#addWanted(wanted, out, run.traces, run, begin);
      begin = run.end;
    }
    return (this.#wanted = wanted);
  }

  #addWanted(
    wanted: WantedCommand[],
    out: SpanOutput,
    { joined, receivedAt }: CallTraces,
    { type, end }: Run,
    begin: number,
  ): void {
    for (let at = begin; at < end; at++) {
      const index = this.#indexes[at]!;
      if (!isCommandSampled(joined, index) && !out.mayHaveChosen(markOfCommand(joined, index)))
        continue;
      const traceparent = traceOfCommand(joined, index);
      const context = traceparent !== '' && out.wants(traceparent) ? contextOf(traceparent) : null;
      if (context === null) continue;
      const span = { traceId: context.traceId, spanId: newSpanId() };
      wanted.push({ context, span, receivedAt, type, at });
    }
  }

  #emitCommand(out: SpanOutput, command: WantedCommand, place: SpanPlace | null): void {
    const { context, span, receivedAt, type } = command;
    const links = place === null ? [] : [place];
    const attributes = this.#attributes();
    const endMs = out.epochMs(this.#endedAt);
    const error = this.#error;
    const startMs = out.epochMs(receivedAt);
    const name = `shard.execute ${type}`;
    const parentId = context.spanId;
    out.add({ ...span, parentId, name, kind: 'server', startMs, endMs, attributes, links, error });
    if (place === null && error === null) return;
    out.add({
      traceId: span.traceId,
      spanId: newSpanId(),
      parentId: span.spanId,
      name: 'journal.append',
      kind: 'internal',
      startMs: out.epochMs(this.#decidedAt),
      endMs,
      attributes,
      links,
      error,
    });
  }

  #attributes(): Record<string, number> {
    if (this.#entry === null) return { 'livedrops.shard': this.#shard };
    const { shard, epoch, sequence } = this.#entry;
    return {
      'livedrops.shard': shard,
      'livedrops.epoch': epoch,
      'livedrops.sequence': sequence,
    };
  }

  #end(): void {
    this.#endedAt = this.#tracing.now();
    if (this.#tracedCount > 0 || this.#entry !== null) this.#tracing.hold(this);
  }
}

/** The id of the order in a reply; empty where it is about a drop, or refused. */
function orderIn(reply: CommandReply): string {
  if (!reply.ok) return '';
  const { value } = reply;
  if ('order' in value) return value.order.id;
  return 'dropId' in value && 'id' in value ? value.id : '';
}

/** One try of a consumer to take batches from the owner's memory. */
export class ConsumedTrace implements Held {
  readonly #tracing: Tracing;
  readonly #consumer: string;
  readonly #batches: readonly BatchTrace[];
  readonly #startedAt: number;
  #endedAt = 0;
  #error: string | null = null;

  constructor(tracing: Tracing, consumer: string, batches: readonly BatchTrace[]) {
    this.#tracing = tracing;
    this.#consumer = consumer;
    this.#batches = batches;
    this.#startedAt = tracing.now();
  }

  ended(error: string | null): void {
    this.#endedAt = this.#tracing.now();
    this.#error = error;
    if (error !== null) for (const batch of this.#batches) batch.chooseFailed();
    this.#tracing.hold(this);
  }

  emit(out: SpanOutput): void {
    for (const batch of this.#batches) {
      for (const { span } of batch.wanted(out)) {
        out.add({
          traceId: span.traceId,
          spanId: newSpanId(),
          parentId: span.spanId,
          name: `relay ${this.#consumer}`,
          kind: 'consumer',
          startMs: out.epochMs(this.#startedAt),
          endMs: out.epochMs(this.#endedAt),
          attributes: { 'livedrops.consumer': this.#consumer },
          links: [],
          error: this.#error,
        });
      }
    }
  }
}
