// A figure with its name, of a list of them.

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly isMain?: boolean;
}

export function Figure({ name, value, isMain = false }: FigureProps) {
  return (
    <div class={isMain ? 'studio-figure studio-figure-main' : 'studio-figure'}>
      <dt class="soft small">{name}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}
