// The names under which sums of what gateways count are stored, beside `views`, `streams`,
// `watchersMax` and `tries`.

/** Before the code of a refusal. */
export const REFUSED = 'refused/';

/** Answered orders by how long that took; each is in one of them. */
export const LATENCY = {
  within20Ms: 'latency/20',
  within200Ms: 'latency/200',
  within500Ms: 'latency/500',
  longer: 'latency/more',
} as const;
