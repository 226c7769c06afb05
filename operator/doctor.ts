// `livedrops doctor`: checks a set-up and, where one runs, its server.

import { examine } from '../composition/doctor/doctor.ts';
import { fail, type Finding, ok, runChecks, warn } from '../composition/doctor/check.ts';
import { runningServerUrl } from './connect-by-settings.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import type { OperatorApi } from './api-client.ts';
import { table } from './table.ts';

export interface DoctorOptions extends ConnectOptions {
  readonly json?: true;
}

const TIMEOUT_MS = 5_000;
const SKEW_MS_RIGHT = 200;
const PARKED_SHOWN_MAX = 100;

export async function doctor(options: DoctorOptions): Promise<void> {
  const findings = await examine();
  const url = options.url ?? runningServerUrl();
  if (url !== null) findings.push(...(await examineServer({ ...options, url })));
  const text =
    options.json === true ? `${JSON.stringify(findings, null, 2)}\n` : findingsText(findings);
  process.stdout.write(text);
  if (findings.some(({ state }) => state === 'fail')) process.exitCode = 1;
}

export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.map(({ state, name, text, remedy }) => [
    state,
    name,
    remedy === null ? text : `${text}. To do: ${remedy}`,
  ]);
  const count = (wanted: string) => findings.filter(({ state }) => state === wanted).length;
  const rows = table(['state', 'what', 'found'], lines);
  return `${rows}${count('ok')} ok, ${count('warn')} to mend, ${count('fail')} wrong\n`;
}

async function examineServer(options: DoctorOptions & { url: string }): Promise<Finding[]> {
  const ready = await readiness(options.url);
  if (ready.some(({ state }) => state === 'fail')) return ready;
  const asked = await runChecks([
    { name: 'nodes', run: async () => nodeFindings(await nodesOf(options)) },
    { name: 'refunds', run: async () => [await refundFinding(await connectOperator(options))] },
  ]);
  return [...ready, ...asked];
}

async function readiness(url: string): Promise<Finding[]> {
  const name = 'server';
  let answer: Response;
  try {
    answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause = (error as Error).cause as Error | undefined;
    const text = `${url} does not answer: ${cause?.message ?? (error as Error).message}`;
    return [fail(name, text, 'start it, and look at its log')];
  }
  const { reasons = [] } = (await answer.json().catch(() => ({}))) as { reasons?: string[] };
  if (answer.ok) return [ok(name, `${url} is ready`)];
  const remedy = 'docs/OPERATIONS.md, What each failure looks like';
  // Strangers are told no reason.
  if (reasons.length === 0) return [warn(name, `${url} is not ready`, remedy)];
  return reasons.map((reason) => warn(name, `${url} is not ready: ${reason}`, remedy));
}

type NodeRows = Awaited<ReturnType<OperatorApi['nodes']>>;

async function nodesOf(options: DoctorOptions): Promise<NodeRows> {
  return await (await connectOperator(options)).nodes();
}

export function nodeFindings(
  nodes: readonly Pick<NodeRows[number], 'nodeId' | 'state' | 'clockSkewMs' | 'level'>[],
): Finding[] {
  const living = nodes.filter(({ state }) => state !== 'lost');
  const findings = [ok('nodes', `${living.length} of ${nodes.length} are there`)];
  for (const { nodeId, state, clockSkewMs } of nodes) {
    if (state === 'lost')
      findings.push(warn('nodes', `${nodeId} is lost`, 'start it, or leave it for good'));
    if (clockSkewMs !== null && Math.abs(clockSkewMs) > SKEW_MS_RIGHT)
      findings.push(
        warn('clock', `${nodeId} is ${Math.round(clockSkewMs)} ms off`, 'run chrony on its host'),
      );
  }
  const levels = new Set(living.map(({ level }) => level));
  if (levels.size > 1)
    findings.push(
      warn('versions', 'nodes of several versions run', 'end the rolling restart: all the newest'),
    );
  return findings;
}

async function refundFinding(api: OperatorApi): Promise<Finding> {
  const parked = await api.refunds('parked', PARKED_SHOWN_MAX);
  const many = parked.length === PARKED_SHOWN_MAX ? `${parked.length} or more` : parked.length;
  return parked.length === 0
    ? ok('refunds', 'none is parked')
    : warn('refunds', `${many} are parked`, '`livedrops refunds`, then retry or dismiss each');
}
