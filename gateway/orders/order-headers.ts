// The headers of an order, read in one pass over all header lines. The server's `getHeader` gives
// the first line of a name only, so it cannot show that a client sent two Idempotency-Key lines
// (H11). One pass costs 0.3 µs more than a `getHeader` call for each of the five headers where the
// client sends 5 lines, and 2.6 µs more where it sends 21, as a browser does
// (`bench/probes/order-headers.ts`). An order costs some 45 µs in all.

/** The used part of the server's request. */
export interface HeaderLines {
  getHeader(name: ArrayBuffer): string;
  /** Calls for each header line. Names are in lower case. */
  forEach(take: (name: string, value: string) => void): void;
}

/** The server takes bytes as they are, and would encode a string on each call. */
const TRACEPARENT = new TextEncoder().encode('traceparent').buffer;
const X_REQUEST_ID = new TextEncoder().encode('x-request-id').buffer;
const ORIGIN = new TextEncoder().encode('origin').buffer;

/**
 * One object reads the headers of one request after another, and holds those of the last. Of a
 * header that is not there the text is empty, and of a repeated one the first text counts that is
 * not empty.
 */
export class OrderHeaders {
  traceparent = '';
  tracestate = '';
  requestId = '';
  authorization = '';
  contentType = '';
  origin = '';
  key = '';
  /** How many Idempotency-Key lines there are. */
  keyLines = 0;
  /** One function for all orders. Few names have one of these lengths. */
  readonly #take = (name: string, value: string): void => {
    switch (name.length) {
      case 6:
        if (name === 'origin') this.origin ||= value;
        break;
      case 10:
        if (name === 'tracestate') this.tracestate ||= value;
        break;
      case 11:
        if (name === 'traceparent') this.traceparent ||= value;
        break;
      case 12:
        if (name === 'content-type') this.contentType ||= value;
        else if (name === 'x-request-id') this.requestId ||= value;
        break;
      case 13:
        if (name === 'authorization') this.authorization ||= value;
        break;
      case 15:
        if (name !== 'idempotency-key') break;
        this.key ||= value;
        this.keyLines += 1;
        break;
      default:
    }
  };

  read(lines: HeaderLines): void {
    this.traceparent = '';
    this.tracestate = '';
    this.requestId = '';
    this.authorization = '';
    this.contentType = '';
    this.origin = '';
    this.key = '';
    this.keyLines = 0;
    lines.forEach(this.#take);
  }

  /** Reads what each reply needs. An overloaded server needs no more of a request. */
  readTrace(lines: HeaderLines, withOrigin: boolean): void {
    this.origin = withOrigin ? lines.getHeader(ORIGIN) : '';
    this.traceparent = lines.getHeader(TRACEPARENT);
    this.tracestate = '';
    this.requestId = lines.getHeader(X_REQUEST_ID);
  }
}
