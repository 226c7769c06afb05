// Whether a webhook is called, and why not.

import type { Webhook } from '../../../sdk/api.ts';
import { Badge } from '../../shared/components/parts.tsx';
import { webhookText } from './texts.ts';

const ENDS = {
  owner: ['plain', 'state.off'],
  failing: ['bad', 'state.failing'],
  gone: ['bad', 'state.gone'],
  operator: ['warn', 'state.operator'],
} as const satisfies Record<NonNullable<Webhook['disabledReason']>, unknown>;

export function WebhookBadge({ of }: { of: Webhook }) {
  if (of.enabled) return <Badge tone="good">{webhookText('state.on')}</Badge>;
  const [tone, key] = ENDS[of.disabledReason ?? 'owner'];
  return <Badge tone={tone}>{webhookText(key)}</Badge>;
}
