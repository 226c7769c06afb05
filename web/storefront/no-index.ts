// What is unlisted (D10) is for who has its address: search engines keep it out of their indexes.

import { useEffect } from 'preact/hooks';

/** While the view is shown, where `is`. */
export function useNoIndex(is: boolean): void {
  useEffect(() => {
    if (!is) return;
    const meta = document.createElement('meta');
    meta.name = 'robots';
    meta.content = 'noindex';
    document.head.append(meta);
    return () => meta.remove();
  }, [is]);
}
