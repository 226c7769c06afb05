// What sample shops sell.

import type { Drawing } from './picture.ts';

export interface Goods {
  readonly name: string;
  readonly description: string;
  readonly drawing: Drawing;
}

export const LAMP: Goods = {
  name: 'Halo table lamp',
  description: 'Spun aluminium and a shade of hand-blown glass. Numbered, with a warm dimmer.',
  drawing: {
    ground: ['#f6c98f', '#c8552b'],
    ink: '#fff3dc',
    shapes:
      '<circle cx="600" cy="380" r="210"/><rect x="585" y="560" width="30" height="220"/>' +
      '<rect x="460" y="770" width="280" height="26" rx="13"/>',
  },
};

export const RUNNERS: Goods = {
  name: 'Aurora runners',
  description: 'Knitted in one piece, on a sole of recycled cork. Made once, in one colour.',
  drawing: {
    ground: ['#9fd8cf', '#21506b'],
    ink: '#f4fbf8',
    shapes:
      '<path d="M270 620 C300 500 360 400 450 330 L560 420 C640 500 760 540 900 570 ' +
      'Q960 590 950 650 L280 650 Z"/><rect x="265" y="665" width="690" height="44" rx="22"/>',
  },
};

export const PRINT: Goods = {
  name: 'Low tide, a print in four colours',
  description: 'Risograph on 300 g cotton paper, 50 × 70 cm, signed by hand.',
  drawing: {
    ground: ['#c9c4ee', '#3d3a78'],
    ink: '#fdf6e3',
    shapes:
      '<circle cx="760" cy="300" r="120"/><path d="M0 600 Q300 500 600 600 T1200 600 V720 ' +
      'Q900 620 600 720 T0 720 Z"/>',
  },
};

export const TEAPOT: Goods = {
  name: 'Ember teapot',
  description: 'Stoneware from a wood-fired kiln. No two have the same ash glaze.',
  drawing: {
    ground: ['#e7d9c4', '#7a4a34'],
    ink: '#2f2a2b',
    shapes:
      '<ellipse cx="580" cy="520" rx="260" ry="210"/><path d="M800 480 L960 360 L985 390 ' +
      'L830 600 Z"/><rect x="550" y="270" width="60" height="60" rx="30"/>',
  },
};

export const BOOK: Goods = {
  name: 'Blank book No. 7',
  description: 'Ninety-six pages, thread-sewn, flat from the first one on.',
  drawing: {
    ground: ['#d6deca', '#5f7a5c'],
    ink: '#22301f',
    shapes:
      '<rect x="420" y="230" width="340" height="450" rx="12"/>' +
      '<rect x="776" y="242" width="22" height="430" rx="8"/>',
  },
};

export const PIN: Goods = {
  name: 'Brass pin',
  description: 'Cut from sheet and filed by hand. There are ten.',
  drawing: {
    ground: ['#4a4d57', '#15171c'],
    ink: '#deb254',
    shapes:
      '<path d="M600 220 L680 400 L870 420 L725 550 L770 740 L600 640 L430 740 L475 550 ' +
      'L330 420 L520 400 Z"/>',
  },
};
