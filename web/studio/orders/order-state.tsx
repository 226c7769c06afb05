// What became of an order, in a badge and a few words.

import type { Order } from '../../../sdk/api.ts';
import { Badge } from '../../shared/components/parts.tsx';
import { priceText } from '../../shared/money.ts';
import { orderText } from './texts.ts';

const TONES = {
  reserved: 'warn',
  confirmed: 'good',
  failed: 'bad',
  cancelled: 'plain',
  expired: 'plain',
  refunded: 'plain',
} as const satisfies Record<Order['status'], string>;

export function OrderState({ of }: { of: Order }) {
  const { status, currency, refundedAmount = 0, refundRequested = false } = of;
  return (
    <span class="row order-state">
      <Badge tone={TONES[status]}>{orderText(`state.${status}`)}</Badge>
      {status === 'confirmed' && refundedAmount > 0 && (
        <span class="soft small">
          {orderText('status.partly', { price: priceText(refundedAmount, currency) })}
        </span>
      )}
      {status === 'confirmed' && refundRequested && (
        <span class="soft small">{orderText('status.refunding')}</span>
      )}
    </span>
  );
}
