// Fetches a small JSON document of an issuer. It follows no redirect, so that nothing but the
// configured address is asked, and reads no more than a bounded number of bytes in a bounded time.

export interface FetchBounds {
  readonly bytesMax: number;
  /** For the whole, from the call to the last byte. */
  readonly timeoutMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Errors: an Error that says what was wrong, without the text of the reply. */
export async function fetchJson(url: string, bounds: FetchBounds): Promise<unknown> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.any([AbortSignal.timeout(bounds.timeoutMs), bounds.signal]),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > bounds.bytesMax)
      throw new Error(`${url} answered more than ${bounds.bytesMax} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new Error(`${url} did not answer JSON`);
  }
}
