// The tour of the README, pasted into a shell beside a fresh server.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { loadConfig } from '../composition/config.ts';
import { startServer } from '../composition/server.ts';
import { freePort } from './servers/child-server.ts';
import { runInShell } from './servers/shell-group.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHELL_TIMEOUT_MS = 240_000;
const hasCurl = spawnSync('curl', ['--version']).status === 0;

function tour(): string {
  const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = page.split('\n## A tour\n')[1]!.split('\n## ')[0]!;
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1]!).join('\n');
}

const run = hasCurl ? test : test.skip;

run(
  'O3, S5, P3, R5, N1, Q2, D7, D8, D9, O9a, O12a, O14, O15, H12, M1: ' +
    'the tour of the README works when it is pasted',
  async (t) => {
    t.timeout(SHELL_TIMEOUT_MS + 30_000);
    const data = mkdtempSync(join(tmpdir(), 'livedrops-readme-'));
    const environment = { LIVEDROPS_DATA: data, LIVEDROPS_PORT: '0', LIVEDROPS_LOG: 'error' };
    const server = await startServer(loadConfig(environment));
    try {
      const script = tour()
        .replaceAll('http://127.0.0.1:8080', server.url)
        .replaceAll('data/payment-secret', join(data, 'payment-secret'))
        .replaceAll('8090', String(await freePort()))
        .replaceAll('12111', String(await freePort()));
      const { shown, wrong } = await runInShell({
        commands: script,
        timeoutMs: SHELL_TIMEOUT_MS,
        cwd: ROOT,
        environment: { ...process.env, LIVEDROPS_DATA: data },
      });
      t.is(wrong, '');
      const order = /"id":"(d_\w+-0)"/.exec(shown)?.[1];
      t.is(shown.split(`location: /v1/orders/${order}`).length - 1, 2, 'the same order twice');
      const expected = [
        'idempotency-replayed: true',
        '"code":"idempotency-key-reused"',
        'cut off\n',
        ' bytes are there\n',
        '/w640-1.webp\n',
        '\n200 image/jpeg\n',
        '"corrections":[{"word":"runers","found":"runners"}]',
        '"type":"drop.snapshot"',
        '"soldOut":true',
        '"code":"sold-out"',
        '"type":"drop.paused"',
        '\ndrop-paused\n',
        '"type":"order.partially_refunded"',
        '"type":"order.refunded"',
        '\n4900\n',
        '\nrefunded\n1\n',
        '\nHamburg\n{"name":"Bo Berg","lines":["Kehrwieder 8"]',
        '\n204\nnot-found\n',
        '\nnot-found\n2\nprecondition-failed\n9900\n',
        '\npass-required\nconfirmed\npass-used\n',
        '\n200\nconfirmed\n',
        '\nYour card was declined.\nrequires_capture\n',
        '\n12900\n',
        '"status":"succeeded","amount":25800,"currency":"EUR","refundedAmount":12900',
        'id,status,quantity,total,refunded',
        '-0,confirmed,2,258.00,129.00',
        '"progress":{"done":1,"refused":{},"left":0}',
      ];
      // The stream in the background may write between two answers.
      const answers = shown.split('\n').filter((line) => !line.startsWith('< '));
      const told = `${shown}\n${answers.join('\n')}`;
      for (const words of expected) t.true(told.includes(words), `${words} in ${shown}`);
    } finally {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    }
  },
);
