// Nodes, and the shards that they own.

import type { Board } from '../board.ts';
import { perSecond } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import { LOOP_LAG, NODES_UP, UNOWNED } from '../panels.ts';
import { JOB, ofNodes } from '../promql.ts';

const ALONE = 'one node alone';
const NO_TRACES = 'traces are off';
const BY_NODE = '{{instance}}';

export const CLUSTER: Board = {
  name: 'cluster',
  title: 'Cluster',
  description: 'Which nodes there are, whether they serve, and how busy they are.',
  rows: [
    {
      title: 'Nodes',
      panels: [
        NODES_UP,
        {
          title: 'Nodes that are not ready',
          description: 'Their /readyz says why: livedrops nodes, or the node’s own address.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'any', is: 'wrong' },
          queries: [{ expr: `sum(1 - ${ofNodes('livedrops_node_ready')})`, legend: 'not ready' }],
        },
        UNOWNED,
        {
          title: 'Nodes that live',
          description: 'With actors, as the node sees it that sees the fewest.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'never' },
          whenEmpty: ALONE,
          queries: [{ expr: `min(${ofNodes('livedrops_nodes')})`, legend: 'nodes' }],
        },
        {
          title: 'Versions',
          description: 'What runs where. In a rolling restart two versions are side by side.',
          unit: 'none',
          kind: 'table',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `count by (instance, version, profile) (${ofNodes('livedrops_build_info')})`,
              legend: BY_NODE,
            },
          ],
        },
        {
          title: 'Who answers',
          description: '1 while Prometheus can scrape the node.',
          unit: 'none',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [{ expr: ofNodes('up', { job: JOB }), legend: BY_NODE }],
        },
      ],
    },
    {
      title: 'Shards',
      panels: [
        {
          title: 'Shards by node',
          description: 'By weight, no node should have more than 1.1 times its fair share.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum by (instance) (${ofNodes('livedrops_shards')})`, legend: BY_NODE },
          ],
        },
        {
          title: 'Shards that do not serve',
          description: 'Recovering for a moment after a move; damaged until somebody mends them.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'any', is: 'warn' },
          queries: [
            {
              expr: `sum by (status) (${ofNodes('livedrops_shards', {
                status: ['recovering', 'damaged'],
              })})`,
              legend: '{{status}}',
            },
          ],
        },
        {
          title: 'Leases',
          description: 'A node without one answers nothing: Redis is away from it, or it hangs.',
          unit: 'none',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: ALONE,
          queries: [{ expr: ofNodes('livedrops_lease_valid'), legend: BY_NODE }],
        },
        {
          title: 'Commands on their way to owners',
          description: 'Of each gateway: sent to other nodes, and not answered yet.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: ALONE,
          queries: [{ expr: ofNodes('livedrops_router_commands_waiting'), legend: BY_NODE }],
        },
        {
          title: 'Drops out of service',
          description: 'After repeated faults: livedrops shards tells which, livedrops release.',
          unit: 'none',
          kind: 'lines',
          thresholds: { when: 'any', is: 'wrong' },
          queries: [{ expr: ofNodes('livedrops_drops_quarantined'), legend: BY_NODE }],
        },
        {
          title: 'Drops in memory',
          description: 'Those that are live, and all others that shards have at hand.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `sum by (instance, state) (${ofNodes('livedrops_drops')})`,
              legend: '{{instance}} {{state}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What nodes need of others',
      panels: [
        {
          title: 'Connected to NATS',
          description: 'A node that is not reaches no other, and gives its shards up after 5 s.',
          unit: 'none',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: ALONE,
          queries: [{ expr: ofNodes('livedrops_nats_connected'), legend: BY_NODE }],
        },
        {
          title: 'Clocks',
          description: 'Each node’s clock less that of Redis. At 1 s a node gives its shards up.',
          unit: 's',
          kind: 'lines',
          isSigned: true,
          thresholds: { when: 'above', ...limits.CLOCK_SKEW },
          whenEmpty: ALONE,
          queries: [{ expr: ofNodes('livedrops_clock_skew_seconds'), legend: BY_NODE }],
        },
      ],
    },
    {
      title: 'How busy nodes are',
      panels: [
        {
          title: 'CPU',
          description: 'Cores that each node uses, all of its threads together.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `rate(${ofNodes('process_cpu_seconds_total')}[$__rate_interval])`,
              legend: BY_NODE,
            },
          ],
        },
        {
          title: 'Threads: how much of the time they do something',
          description: 'Of the event loop of each. The one that sells is full first.',
          unit: 'percentunit',
          kind: 'lines',
          thresholds: { when: 'above', warn: 0.7, wrong: 0.95 },
          queries: [
            {
              expr: `rate(${ofNodes('livedrops_thread_active_seconds_total')}[$__rate_interval])`,
              legend: '{{instance}} {{thread}}',
            },
          ],
        },
        {
          title: 'CPU by thread',
          description: 'Cores that each thread uses.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `rate(${ofNodes('livedrops_thread_cpu_seconds_total')}[$__rate_interval])`,
              legend: '{{instance}} {{thread}}',
            },
          ],
        },
        LOOP_LAG,
        {
          title: 'Memory',
          description: 'Resident, of the whole process.',
          unit: 'bytes',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [{ expr: ofNodes('process_resident_memory_bytes'), legend: BY_NODE }],
        },
        {
          title: 'Open file descriptors',
          description: 'The share of those that the system allows. Each stream needs one.',
          unit: 'percentunit',
          kind: 'lines',
          thresholds: { when: 'above', warn: 0.6, wrong: 0.9 },
          queries: [
            {
              expr: `${ofNodes('process_open_fds')} / ${ofNodes('process_max_fds')}`,
              legend: BY_NODE,
            },
          ],
        },
      ],
    },
    {
      title: 'Traces and the access log',
      panels: [
        {
          title: 'Spans',
          description: '`failed` were not taken by the receiver, `dropped` found no room.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_TRACES,
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_trace_spans_total'), 'outcome'),
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'Slow and failed traces',
          description: 'Sent whatever the ratio, by reason; and what a bound left out.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_TRACES,
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_traces_chosen_total'), 'reason'),
              legend: '{{reason}}',
            },
            {
              expr: perSecond(ofNodes('livedrops_traces_left_out_total'), 'bound'),
              legend: 'left out: {{bound}}',
            },
          ],
        },
        {
          title: 'What traces hold',
          description: 'Spans that wait to be sent; requests that may still turn out slow.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_TRACES,
          queries: [
            { expr: `sum(${ofNodes('livedrops_trace_spans_waiting')})`, legend: 'to be sent' },
            { expr: `sum(${ofNodes('livedrops_trace_held')})`, legend: 'held' },
          ],
        },
        {
          title: 'Lines of the access log that were lost',
          description: 'Each second: whoever reads standard error does not keep up.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'any', is: 'warn' },
          whenEmpty: 'the access log is off',
          queries: [
            { expr: perSecond(ofNodes('livedrops_access_log_dropped_total')), legend: 'lost' },
          ],
        },
      ],
    },
  ],
};
