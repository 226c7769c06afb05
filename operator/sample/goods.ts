// What the sample shop sells, and when.

import type { Drawing } from './picture.ts';

export interface SampleDrop {
  /** From now, in seconds. */
  readonly startsIn: number;
  readonly endsIn: number;
  readonly stock: number;
  readonly unitAmount: number;
  readonly payment: 'instant' | 'provider';
  /** Orders of one unit that are placed at once, by other users of the sample shop. */
  readonly orders: number;
}

export interface SampleProduct {
  readonly name: string;
  readonly description: string;
  readonly drawing: Drawing;
  readonly drop: SampleDrop;
}

export interface SampleCreator {
  readonly name: string;
  readonly products: readonly SampleProduct[];
}

const HOUR = 3_600;

export const SAMPLE_CREATORS: readonly SampleCreator[] = [
  {
    name: 'Mara Lindqvist',
    products: [
      {
        name: 'Harbour lamp',
        description: 'Blown by hand in one afternoon: forty lamps, each a shade apart.',
        drawing: {
          shape: 'disc',
          from: [255, 226, 196],
          to: [240, 140, 104],
          ink: [255, 248, 232],
        },
        drop: drop({ endsIn: 2 * HOUR, stock: 40, unitAmount: 8_900, payment: 'provider' }),
      },
      {
        name: 'Tide bowl',
        description: 'Stoneware with a glaze that no second firing repeats.',
        drawing: { shape: 'ring', from: [206, 230, 240], to: [74, 128, 164], ink: [247, 244, 236] },
        drop: drop({ startsIn: 180, endsIn: 3 * HOUR, stock: 25, unitAmount: 4_200 }),
      },
    ],
  },
  {
    name: 'Northside Press',
    products: [
      {
        name: 'Signal, a print in two colours',
        description: 'Screen print, numbered and signed. The plates are gone after this run.',
        drawing: { shape: 'wave', from: [242, 232, 214], to: [226, 204, 172], ink: [186, 46, 34] },
        drop: drop({ endsIn: HOUR, stock: 12, unitAmount: 3_500, orders: 5 }),
      },
      {
        name: 'Blank book No. 7',
        description: 'Ninety-six pages, thread-sewn, flat from the first one on.',
        drawing: { shape: 'square', from: [214, 222, 206], to: [120, 148, 116], ink: [40, 56, 46] },
        drop: drop({ endsIn: 8, stock: 6, unitAmount: 2_400, orders: 4 }),
      },
    ],
  },
  {
    name: 'Atelier Osei',
    products: [
      {
        name: 'Dusk scarf',
        description: 'Merino, woven on one loom, in one length of cloth.',
        drawing: { shape: 'wave', from: [92, 74, 130], to: [28, 24, 58], ink: [244, 178, 118] },
        drop: drop({ startsIn: 600, endsIn: 4 * HOUR, stock: 60, unitAmount: 6_800 }),
      },
      {
        name: 'Brass pin',
        description: 'Cut from sheet and filed by hand. There are ten.',
        drawing: { shape: 'ring', from: [52, 54, 60], to: [20, 22, 28], ink: [222, 178, 84] },
        drop: drop({ endsIn: HOUR, stock: 10, unitAmount: 1_800, orders: 3 }),
      },
    ],
  },
];

function drop(
  terms: Pick<SampleDrop, 'endsIn' | 'stock' | 'unitAmount'> & Partial<SampleDrop>,
): SampleDrop {
  return { startsIn: 0, payment: 'instant', orders: 0, ...terms };
}
