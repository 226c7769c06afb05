// Web Push (R1): how many messages a node sends in a second, and what cryptography alone allows.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import {
  type CommonOptions,
  count,
  type Log,
  ratio,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
} from '../scenario.ts';
import type { PushJob, PushJobResult } from '../servers/push-sender.ts';
import { PUSH_FIGURES } from './push-report.ts';

const pathOf = (relative: string) => new URL(relative, import.meta.url).pathname;
const SENDER = pathOf('../servers/push-sender.ts');
const SERVICE = pathOf('../servers/push-service.ts');
const CERTIFICATE = pathOf('../../test/servers/certificates/loopback-certificate.pem');
const WARM_UP_SECONDS = 1;
const MICROS = 1e6;
const MEGABYTE = 1e6;

export interface PushOptions extends CommonOptions {
  readonly services: number;
}

export const push: Scenario<PushOptions> = {
  name: 'push',
  description: 'pushes sent over HTTP/2, beside what their cryptography alone takes',
  options: [{ flags: '--services <n>', description: 'push services', parse: count, default: 4 }],
  defaults: { rounds: 3, seconds: 5 },
  run,
};

async function run(options: PushOptions, log: Log): Promise<ScenarioReport> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-push-'));
  const samples: Record<PushJob['what'], Sample[]> = { send: [], encrypt: [], 'web-push': [] };
  const whats = (Object.keys(samples) as PushJob['what'][]).filter(
    (what) => what !== 'web-push' || options.peers,
  );
  const processes: PinnedProcess[] = [];
  const start = async (core: number, args: readonly string[]) => {
    const env = { NODE_EXTRA_CA_CERTS: CERTIFICATE };
    const process = new PinnedProcess({ core, args, env });
    processes.push(process);
    return { process, line: await process.line() };
  };
  try {
    const origins: string[] = [];
    for (let i = 0; i < options.services; i++)
      origins.push(`https://127.0.0.1:${(await start(LOAD_CORE, [SERVICE])).line}`);
    const { process } = await start(SERVER_CORE, [SENDER, directory]);
    const measure = async (what: PushJob['what'], seconds: number): Promise<Sample> => {
      const before = process.cpuMicros();
      process.write(JSON.stringify({ what, origins, seconds } satisfies PushJob));
      const result = JSON.parse(await process.line()) as PushJobResult;
      const cpuMicros = (process.cpuMicros() - before) / result.messages;
      return {
        figures: {
          messagesPerSecond: result.messages / result.seconds,
          cpuMicros,
          perCore: MICROS / cpuMicros,
          failed: result.failed,
          memoryMb: result.memory / MEGABYTE,
        },
      };
    };
    for (const what of whats) await measure(what, WARM_UP_SECONDS);
    for (let round = 1; round <= options.rounds; round++) {
      log(`round ${round} of ${options.rounds}`);
      for (const what of whats) samples[what].push(await measure(what, options.seconds));
    }
  } finally {
    for (const process of processes) await process.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  const subjects = subjectsOf(samples);
  const [sent, made] = subjects as [Subject, Subject];
  return {
    name: push.name,
    title: 'Web Push',
    method: METHOD,
    settings: { rounds: options.rounds, seconds: options.seconds, services: options.services },
    figures: PUSH_FIGURES,
    subjects: subjects.filter((subject) => subject.samples.length > 0),
    findings: [
      ratio({
        label: 'messages of a core, to cryptography alone',
        of: sent,
        to: made,
        figure: 'perCore',
        aim: null,
      }),
      {
        label: 'messages sent by a whole core',
        unit: 'messages/s',
        digits: 0,
        samples: sent.samples.map(({ figures }) => figures['perCore']!),
        better: 'more',
        aim: 2_500,
      },
      {
        label: 'memory that sending takes',
        unit: 'MB',
        digits: 0,
        samples: sent.samples.map(({ figures }) => figures['memoryMb']!),
        better: 'less',
        aim: 150,
      },
    ],
    notes: [],
  };
}

function subjectsOf(samples: Readonly<Record<PushJob['what'], readonly Sample[]>>): Subject[] {
  return [
    {
      key: 'livedrops',
      label: 'pushes',
      role: 'livedrops',
      about:
        'The sending side of a node: its thread encrypts, signs and sends over HTTP/2 and TLS.',
      samples: samples.send,
    },
    {
      key: 'encryption',
      label: 'encryption alone',
      role: 'ceiling',
      about: 'The same messages encrypted (RFC 8291), one key pair each, by one thread.',
      samples: samples.encrypt,
    },
    {
      key: 'web-push',
      label: 'web-push',
      role: 'peer',
      about: 'web-push 3.6.7 encrypts and signs the same messages, and sends nothing.',
      samples: samples['web-push'],
    },
  ];
}

const METHOD =
  'A node sends the news of a drop to 1,000 browsers in turn, at push services on the other core ' +
  'that take everything, over HTTP/2 and TLS. 128 messages are under way at each service. CPU is ' +
  'that of the whole process, its main thread and its thread for pushes; a core that did nothing ' +
  'else would send a million by the microseconds of one. Beside it the same messages are ' +
  'encrypted and go nowhere, and are encrypted and signed by web-push.';
