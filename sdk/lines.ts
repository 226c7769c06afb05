// Replies of a JSON object a line, which are read piece by piece.

import { ConnectionError } from './errors.ts';

/** A bound of the time between two pieces; past it `end` is called, which aborts the request. */
export interface Silence {
  readonly maxMs: number;
  readonly end: () => void;
}

/** Without empty lines. Errors: `ConnectionError`, also where the request was aborted. */
export async function* linesOf(response: Response, silence?: Silence): AsyncGenerator<string> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let begun = '';
  for (;;) {
    const timer = silence && setTimeout(silence.end, silence.maxMs);
    const reading = reader.read().catch((cause: unknown) => {
      throw new ConnectionError('connection-lost', cause);
    });
    const chunk = await reading.finally(() => clearTimeout(timer));
    if (chunk.done) return;
    const lines = (begun + decoder.decode(chunk.value, { stream: true })).split('\n');
    begun = lines.pop()!;
    for (const line of lines) if (line !== '') yield line;
  }
}
