// A table that scrolls by itself where it is wider than the page, also by keyboard. Its styles are
// of its own file: the storefront has no tables.

import type { ComponentChildren } from 'preact';
import './data-table.css';

interface DataTableProps {
  readonly label: string;
  readonly heads: readonly ComponentChildren[];
  /** Rows. */
  readonly children: ComponentChildren;
}

export function DataTable({ label, heads, children }: DataTableProps) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table class="table">
        <thead>
          <tr>
            {heads.map((head, index) => (
              <th key={index} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
