// The title of a view, in the browser's tab.

import { useEffect } from 'preact/hooks';
import { consoleText } from './texts.ts';

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${consoleText('title')}`;
  }, [title]);
}
