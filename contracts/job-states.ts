// The states of a job, apart from its schema for what needs only them.

/** Queued ones run, or run again, by themselves. `failed` waits for an operator. */
export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
