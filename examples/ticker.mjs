// A stock ticker for anybody: ticker.html?server=https://drops.example&drop=d_…

import { LiveDrops } from '@livedrops/client';
import { DropStream } from '@livedrops/client/live';

const query = new URLSearchParams(location.search);
const client = new LiveDrops({ url: query.get('server') });
const left = document.querySelector('output');
const share = document.querySelector('progress');
const status = document.querySelector('#status');

new DropStream({
  client,
  dropId: query.get('drop'),
  onFrame: ({ data: { free, stocked, soldOut, status: dropStatus } }) => {
    left.value = free;
    share.value = stocked === 0 ? 1 : 1 - free / stocked;
    status.textContent = soldOut ? 'sold out' : dropStatus;
  },
  onState: (state) => {
    if (state !== 'open') status.textContent = 'connecting';
  },
  onEnd: ({ reason }) => {
    status.textContent = reason;
  },
});
