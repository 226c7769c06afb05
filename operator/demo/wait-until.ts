// Waits for what the participants of a sale do.

const POLL_INTERVAL_MS = 50;

/** Resolves to true when `condition` holds, or to false after the timeout. */
export async function waitUntil(timeoutMs: number, condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  return true;
}
