// autocannon as the load generator, in a process of its own. Same input and output as `saturating-load.ts`.

import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { headersFor } from './request-plan.ts';
import type { LoadJob, LoadResult } from './saturating-load.ts';

async function run(job: LoadJob): Promise<LoadResult> {
  const { plan } = job;
  let next = 0;
  const result = await autocannon({
    url: `http://${plan.host}:${plan.port}`,
    connections: job.connections,
    duration: job.seconds,
    method: 'POST',
    // Every `[<id>]` becomes another id in each request.
    idReplacement: true,
    setupClient: (client) => {
      const mine = plan.tokens.filter((_, i) => i % job.connections === next % job.connections);
      next += 1;
      const requests = mine.map((token) => ({
        method: 'POST' as const,
        path: plan.path,
        headers: headersFor(plan, token, `${job.run}-[<id>]`),
        body: plan.body,
      }));
      client.setRequests(requests);
    },
  });
  const answers = result['2xx'] + result.non2xx;
  return {
    seconds: result.duration,
    answers,
    statuses: { '2xx': result['2xx'], other: result.non2xx },
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    maxMs: result.latency.max,
    bytesPerAnswer: result.throughput.total / answers,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as LoadJob))}\n`);
}
