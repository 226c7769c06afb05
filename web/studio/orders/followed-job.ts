// A job of the creator, looked at until it is over.

import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Job } from '../../../sdk/api.ts';
import { client, faultText } from '../../shared/server.ts';

const LOOK_MS = 1_000;

export interface FollowedJob {
  readonly job: Job;
  /** Why the last look failed; null where it did not. */
  readonly fault: string | null;
}

export function isOver({ state }: Job): boolean {
  return state !== 'queued' && state !== 'running';
}

/** The job as it was last seen. `onEnd` is called once, when it is over. */
export function useFollowedJob(first: Job, onEnd: (job: Job) => void): Signal<FollowedJob> {
  const followed = useSignal<FollowedJob>({ job: first, fault: null });
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    followed.value = { job: first, fault: null };
    const look = async (): Promise<void> => {
      const path = { id: first.id };
      const { signal } = ended;
      try {
        const job = await client.call('GET /v1/jobs/{id}', { path, signal, triesMax: 1 });
        if (signal.aborted) return;
        followed.value = { job, fault: null };
        if (isOver(job)) return onEnd(job);
      } catch (error) {
        if (signal.aborted) return;
        followed.value = { ...followed.value, fault: faultText(error) };
      }
      timer = setTimeout(() => void look(), LOOK_MS);
    };
    void look();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [first.id]);
  return followed;
}
