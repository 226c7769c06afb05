// Prometheus' rules: the shares that the alarms on service levels compare, and all alarms.

import type { Alarm } from './alarm.ts';
import { ALARM_GROUPS } from './alarms.ts';
import { LONG_SHARES, type Recordings, SHORT_SHARES } from './burn-rates.ts';

/** As often as nodes are scraped (`prometheus.yml`): a sale lasts a minute. */
const OFTEN = '5s';
/** For what is about hours. */
const SELDOM = '1m';

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}
export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (AlertingRule | RecordingRule)[];
}
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

/** `runbooks`: the address of docs/OPERATIONS.md; the anchors of its sections are added to it. */
export function ruleFile(runbooks: string): RuleFile {
  const alarms = Object.entries(ALARM_GROUPS).map(([group, ofGroup]) => ({
    name: `livedrops-${group}`,
    interval: group === 'service-levels' ? SELDOM : OFTEN,
    rules: Object.entries(ofGroup).map(([name, alarm]) => alertingRule(name, alarm, runbooks)),
  }));
  return {
    groups: [
      { name: 'livedrops-shares', interval: OFTEN, rules: recordingRules(SHORT_SHARES) },
      { name: 'livedrops-long-shares', interval: SELDOM, rules: recordingRules(LONG_SHARES) },
      ...alarms,
    ],
  };
}

function recordingRules(recordings: Recordings): RecordingRule[] {
  return Object.entries(recordings).map(([record, { expr }]) => ({ record, expr }));
}

function alertingRule(name: string, alarm: Alarm, runbooks: string): AlertingRule {
  const { expr, forSeconds, severity, summary, runbook } = alarm;
  return {
    alert: name,
    expr,
    ...(forSeconds > 0 && { for: `${forSeconds}s` }),
    labels: { severity },
    annotations: { summary, runbook_url: `${runbooks}#${anchorOf(runbook)}` },
  };
}

/** As headings get theirs where Markdown is shown. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
