// autocannon as a load generator, in its own process. Its input and output are those of
// `saturating-load.ts`.

import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { Latencies } from './latencies.ts';
import { randomNumbers } from './random.ts';
import { headersFor } from './request-plan.ts';
import type { LoadJob, LoadResult } from './saturating-load.ts';

async function run(job: LoadJob): Promise<LoadResult> {
  const { plan, connections } = job;
  const random = randomNumbers(connections);
  const latencies = new Latencies();
  const byStatus = new Map<number, number>();
  let next = 0;
  const options: autocannon.Options = {
    url: `http://${plan.host}:${plan.port}`,
    connections,
    duration: job.seconds,
    method: 'POST',
    // autocannon replaces each `[<id>]` with a new id in every request.
    idReplacement: true,
    setupClient: (client) => {
      const own = next % Math.min(connections, plan.tokens.length);
      next += 1;
      const requests = plan.tokens
        .filter((_, i) => i % connections === own)
        .map((token) => ({
          method: 'POST' as const,
          path: plan.paths[Math.floor(random() * plan.paths.length)]!,
          headers: headersFor(plan, token, `${job.run}-[<id>]`),
          body: plan.body!,
        }));
      client.setRequests(requests);
    },
  };
  const cpuBefore = process.cpuUsage();
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const load = autocannon(options, (error: Error | null, done) => {
      if (error === null) resolve(done);
      else reject(error);
    });
    load.on('response', (_client, status, _bytes, ms) => {
      latencies.add(ms);
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    });
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    seconds: result.duration,
    answers: latencies.count,
    statuses: Object.fromEntries(byStatus),
    errors: result.errors + result.timeouts,
    ...latencies.spread(),
    latency: latencies.points(),
    cpuMicros: user + system,
    bytesPerAnswer: result.throughput.total / Math.max(1, latencies.count),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as LoadJob))}\n`);
}
