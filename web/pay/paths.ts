// The address of the page on which an order is paid. It has a document of its own, since its
// content policy is its own.

export const PAY_PATHS = ['/orders/{id}/pay'] as const;
