// A receiver of OTLP over HTTP. It reads protobuf's wire format by itself, after the field numbers
// of opentelemetry-proto 1.x (trace/v1, common/v1, resource/v1), so that what the exporter writes
// is not read by its own code.

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../end-to-end/sale-client.ts';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it begins its trace. */
  readonly parentId: string;
  readonly tracestate: string;
  readonly name: string;
  readonly kind: number;
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  /** `service.instance.id` of its resource. */
  readonly node: string;
}

export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  /** What is answered. */
  status = 200;
  /** Answers wait for it. */
  held: Promise<void> = Promise.resolve();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.headers.push(request.headers);
        const { status } = this;
        void this.held.then(() => {
          if (status === 200) this.#take(request.headers, Buffer.concat(chunks));
          response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
        });
      });
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  ofTrace(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  /** The spans of the trace once they are as wanted, or as they are after a generous time. */
  async trace(
    traceId: string,
    isWhole: (spans: readonly ReceivedSpan[]) => boolean,
    maxMs = 40_000,
  ): Promise<ReceivedSpan[]> {
    return await eventually(async () => this.ofTrace(traceId), isWhole, maxMs);
  }

  #take(headers: IncomingHttpHeaders, body: Buffer): void {
    const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    for (const resourceSpans of messages(fieldsOf(bytes), 1)) this.#takeOfResource(resourceSpans);
  }

  #takeOfResource(resourceSpans: Fields): void {
    const [resource = new Map()] = messages(resourceSpans, 1);
    const { 'service.instance.id': node = '' } = attributesOf(messages(resource, 1));
    for (const scopeSpans of messages(resourceSpans, 2))
      for (const span of messages(scopeSpans, 2)) this.spans.push(spanOf(span, String(node)));
  }
}

/** The values of a message by field number: numbers of varints and fixed64, bytes of the rest. */
type Fields = Map<number, (bigint | Buffer)[]>;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    const number = tag >>> 3;
    let value: bigint | Buffer;
    if (type === VARINT) value = varint();
    else if (type === FIXED64) value = bytes.readBigUInt64LE((at += 8) - 8);
    else if (type === FIXED32) value = BigInt(bytes.readUInt32LE((at += 4) - 4));
    else if (type === BYTES) {
      const length = Number(varint());
      value = bytes.subarray(at, (at += length));
    } else throw new Error(`no such wire type: ${type}`);
    const before = fields.get(number);
    if (before === undefined) fields.set(number, [value]);
    else before.push(value);
  }
  return fields;
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Buffer));
}

function spanOf(span: Fields, node: string): ReceivedSpan {
  const [status = new Map() as Fields] = messages(span, 15);
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    tracestate: text(span, 3),
    parentId: hex(span, 4),
    name: text(span, 5),
    kind: Number(span.get(6)?.[0] ?? 0n),
    start: (span.get(7)?.[0] ?? 0n) as bigint,
    end: (span.get(8)?.[0] ?? 0n) as bigint,
    attributes: attributesOf(messages(span, 9)),
    links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    isError: status.get(3)?.[0] === 2n,
    node,
  };
}

function attributesOf(pairs: readonly Fields[]): Record<string, string | number | boolean> {
  const attributes: Record<string, string | number | boolean> = {};
  for (const pair of pairs) {
    const [value = new Map() as Fields] = messages(pair, 2);
    const whole = value.get(3)?.[0];
    const double = value.get(4)?.[0];
    const flag = value.get(2)?.[0];
    if (whole !== undefined) attributes[text(pair, 1)] = Number(BigInt.asIntN(64, whole as bigint));
    else if (double !== undefined) attributes[text(pair, 1)] = doubleOf(double as bigint);
    else if (flag !== undefined) attributes[text(pair, 1)] = flag === 1n;
    else attributes[text(pair, 1)] = text(value, 1);
  }
  return attributes;
}

function doubleOf(bits: bigint): number {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(bits);
  return bytes.readDoubleLE();
}

function text(fields: Fields, number: number): string {
  return ((fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0)).toString('utf8');
}

function hex(fields: Fields, number: number): string {
  return ((fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0)).toString('hex');
}
