// Which addresses outbound connections may go to.

import test from 'ava';
import { AddressRule } from '../../../events/outbound/address-rule.ts';
import { type Network, parseNetwork } from '../../../events/outbound/network.ts';

function ruleOf(...texts: string[]): AddressRule {
  return new AddressRule(texts.map((text) => parseNetwork(text) as Network));
}

/** First and last addresses of special-purpose blocks, and what is written in other ways. */
const REFUSED = [
  '0.0.0.0',
  '0.255.255.255',
  '10.0.0.0',
  '10.255.255.255',
  '100.64.0.0',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.169.254',
  '172.16.0.0',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.31.196.1',
  '192.52.193.1',
  '192.88.99.1',
  '192.168.1.1',
  '192.175.48.1',
  '198.18.0.0',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.255',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:8.8.8.8',
  '::ffff:127.0.0.1',
  '::ffff:a00:1',
  '64:ff9b::7f00:1',
  '64:ff9b::10.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::808:808',
  '100::1',
  '2001::1',
  '2001:1ff:ffff::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  '2620:4f:8000::1',
  '3fff::1',
  '3fff:fff::1',
  '4000::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  '2606:4700::1%eth0',
  'fec0::1',
  'ff02::1',
  'localhost',
  '8.8.8',
  '',
];

const PUBLIC = [
  '1.0.0.0',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2001:200::1',
  '2003::1',
  '2606:4700::1111',
  '2a00:1450:4001:80f::200e',
  '64:ff9b::8.8.8.8',
];

test('R1: addresses outside of the public network are refused, however they are written', (t) => {
  const rule = ruleOf();
  for (const address of REFUSED) t.is(rule.standing(address), 'refused', address);
  for (const address of PUBLIC) t.is(rule.standing(address), 'public', address);
});

test('R1: networks that the operator allows are, and nothing beside them', (t) => {
  const rule = ruleOf('127.0.0.0/8', 'fd00:1::/32');
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '64:ff9b::127.0.0.1', 'fd00:1:2::3'])
    t.is(rule.standing(address), 'allowed', address);
  for (const address of ['10.0.0.1', '::1', 'fd00:2::1', '::ffff:10.0.0.1'])
    t.is(rule.standing(address), 'refused', address);
  t.is(rule.standing('8.8.8.8'), 'public');
});
