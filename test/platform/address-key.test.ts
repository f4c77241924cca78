import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressKey } from '../../src/platform/address-key.ts'

test('the key of an address: IPv4 whole, IPv6 by its /64, in every notation', () => {
  const same = (key: string, ...hosts: string[]): void => {
    for (const host of hosts) assert.equal(addressKey(host), key, host)
  }
  same('127.0.0.2', '127.0.0.2', '::ffff:127.0.0.2', '::FFFF:7f00:2', '0:0:0:0:0:ffff:127.0.0.2', '0:0:0:0:0:ffff:7f00:0002')
  same('2001:db8:0:0::/64', '2001:db8::1', '2001:0DB8::', '2001:db8:0:0:1:2:3:4', '2001:db8:0::5:6', '2001:db8::1.2.3.4')
  same('2001:db8:1:2::/64', '2001:db8:1:2::', '2001:db8:1:2:3:4:5:6', '2001:0db8:0001:0002::ffff')
  same('fe80:0:0:0::/64', 'fe80::1%eth0', 'fe80::2')
  same('0:0:0:0::/64', '::1', '::', '0:0:0:0:0:0:0:1')
  same('64:ff9b:0:0::/64', '64:ff9b::1.2.3.4', '64:ff9b::102:304')
  same('unknown', 'unknown')
  same('no:address', 'no:address')
  same('192.0.2.7', '192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207')
  assert.notEqual(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'))
})
