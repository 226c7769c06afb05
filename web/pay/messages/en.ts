// The texts of the page on which an order is paid, in English.

export const en = {
  title: 'Pay',
  back: 'Back to the drop',
  'development.title': 'Nobody pays really here',
  'development.text':
    'This shop runs with the development provider. Choose how the payment goes; no money moves.',
  'development.decline': 'Have it declined',
  'development.more': 'Other ways it may go',
  'development.outcome': 'What the provider does',
  'development.go': 'Do it',
  'outcome.cancelled': 'It cancels the payment for good',
  'outcome.late': 'It takes the payment a second after the hold ends',
  'outcome.failure-then-success': 'It declines once, then takes the payment',
  'outcome.twice': 'It takes the payment twice',
  'outcome.wrong-amount': 'It takes one smallest unit too much',
  'outcome.refunded': 'It takes the payment, then refunds it',
  'outcome.partly-refunded': 'It takes the payment, then refunds half',
  settling: 'The payment is being made. This page tells you when it is done.',
  settlingLate: 'The payment comes after the hold has ended, so it will be refunded.',
  'stripe.failed': 'The payment form of Stripe cannot be loaded. Check your connection.',
  'stripe.loading': 'The payment form is loading.',
  preparing: 'The payment is being prepared. This page goes on by itself.',
  other: 'Pay with {provider}, reference {reference}. This page tells you when it is done.',
  minute: 'One minute left to pay.',
  tenSeconds: 'Ten seconds left to pay.',
} as const;

export type PayKey = keyof typeof en;
