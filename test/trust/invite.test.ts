import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import type { Door } from '../../src/trust/doors.ts'
import { formatInvite, type Invite, parseInvite } from '../../src/trust/invite.ts'
import { TrustError } from '../../src/trust/trust-error.ts'
import { seeded } from '../crypto/backends.ts'
import { NOW } from './people.ts'
import { trustCode } from './trust-code.ts'

const ISSUER = new Uint8Array(32).fill(3)
const HELPER = new Uint8Array(32).fill(4)

function invite(doors: readonly Door[], content: Partial<Invite> = {}): Invite {
  return {
    networkId: new Uint8Array(32).fill(1),
    networkName: 'fleet.example',
    issuer: ISSUER,
    secret: new Uint8Array(32).fill(2),
    expiresAt: NOW,
    doors,
    ...content,
  }
}

/** All bytes as hexadecimal. */
function plain(given: Invite): unknown {
  return JSON.parse(
    JSON.stringify(given, (_, value: unknown) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
      return isBufferJson(value) ? Buffer.from(value.data).toString('hex') : value
    }),
  )
}

function isBufferJson(value: unknown): value is { data: number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
}

const THREE: readonly Door[] = [
  { address: '/ip4/192.0.2.1/tcp/4001', x0Id: ISSUER },
  { address: '/dns4/door.fleet.example/tcp/4001', x0Id: HELPER },
  { address: '/ip6/2001:db8::1/tcp/4001', x0Id: ISSUER },
]
const LINE = formatInvite(invite(THREE))

test('an invite is one short line that needs no quoting, and is read back the same', () => {
  assert.match(LINE, /^x0invite1\.[A-Za-z0-9_-]+$/)
  assert.ok(LINE.length <= 400, `${LINE.length} characters`)
  assert.deepEqual(plain(parseInvite(LINE)), plain(invite(THREE)))
  assert.deepEqual(plain(parseInvite(`  ${LINE}\r\n`)), plain(invite(THREE)))
})

test('the line is what docs/networks.md says, to the bit', () => {
  const bytes = Buffer.from(LINE.slice('x0invite1.'.length), 'base64url')
  assert.equal(bytes.readUInt16BE(0), bytes.length - 2)
  assert.deepEqual(bytes.subarray(2, 34), Buffer.alloc(32, 1))
  assert.equal(bytes.subarray(34, 48).toString('latin1'), '\x0dfleet.example')
  assert.deepEqual(bytes.subarray(48, 112), Buffer.concat([Buffer.alloc(32, 3), Buffer.alloc(32, 2)]))
  assert.equal(bytes.readUInt32BE(112), NOW / 1000)
  assert.equal(bytes.readUInt8(116), 3)
  assert.deepEqual([...bytes.subarray(117, 127)], [8, 4, 192, 0, 2, 1, 6, 0x0f, 0xa1, 0])
})

test('every single changed, missing, doubled or swapped letter is noticed', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const start = 'x0invite1.'.length
  for (let at = start; at < LINE.length; at += 1) {
    const [before, letter, after] = [LINE.slice(0, at), LINE.charAt(at), LINE.slice(at + 1)]
    for (const other of alphabet) {
      if (other !== letter) assert.throws(() => parseInvite(before + other + after), trustCode('bad-invite'), `${at} ${other}`)
    }
    assert.throws(() => parseInvite(before + after), trustCode('bad-invite'), `without ${at}`)
    assert.throws(() => parseInvite(before + letter + letter + after), trustCode('bad-invite'), `twice ${at}`)
    const next = LINE.charAt(at + 1)
    if (next !== '' && next !== letter) {
      assert.throws(() => parseInvite(before + next + letter + LINE.slice(at + 2)), trustCode('bad-invite'), `swapped ${at}`)
    }
  }
})

test('the sentence says what is wrong with a line', () => {
  const middle = LINE.slice(0, 100)
  const cases: [string, RegExp][] = [
    ['', /does not begin with x0invite1\./],
    ['/ip4/192.0.2.1/tcp/4001', /does not begin with x0invite1\./],
    ['x0inv', /cut off/],
    ['x0invite1.', /cut off/],
    ['x0invite1.A', /cut off/],
    [middle, /cut off/],
    [LINE.slice(0, -1), /cut off/],
    [`${LINE}AAAA`, /follows its end/],
    [LINE.replace('x0invite1', 'x0invite2'), /of version 2.*newer/],
    [`${LINE.slice(0, 60)} ${LINE.slice(60)}`, /one line, without spaces/],
    [`${LINE.slice(0, 60)}\n${LINE.slice(60)}`, /one line, without spaces/],
    [`${LINE.slice(0, 60)}${LINE.charAt(60) === 'a' ? 'b' : 'a'}${LINE.slice(61)}`, /typing error/],
    [`x0invite1.${'A'.repeat(5000)}`, /far longer/],
  ]
  for (const [line, sentence] of cases) assert.throws(() => parseInvite(line), trustCode('bad-invite', sentence), line)
})

test('content that no invite has is not made into a line', () => {
  const door = (address: string): readonly Door[] => [{ address, x0Id: ISSUER }]
  const bad = trustCode('bad-invite')
  assert.throws(() => formatInvite(invite([])), bad)
  assert.throws(() => formatInvite(invite(door('192.0.2.1:4001'))), bad)
  assert.throws(
    () => formatInvite(invite(door('/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGRUfJuNUJFcLFsRRLUzPTrVGaZ9VxkzL2PCvVrXKYAfF'))),
    bad,
  )
  assert.throws(() => formatInvite(invite(door(`/dns4/${'a'.repeat(200)}/tcp/1`))), bad)
  assert.throws(() => formatInvite(invite([...THREE, ...THREE.slice(0, 1)])), bad)
  assert.throws(
    () => formatInvite(invite(Array.from({ length: 9 }, (_, port) => door(`/ip4/192.0.2.1/tcp/${port + 1}`)).flat())),
    bad,
  )
  for (const expiresAt of [NOW + 1, -1000, 2 ** 32 * 1000, Number.NaN]) {
    assert.throws(() => formatInvite(invite(THREE, { expiresAt })), bad, String(expiresAt))
  }
  assert.throws(() => formatInvite(invite(THREE, { networkName: 'A b' })), trustCode('bad-name'))
})

test('a line with the right checksum and another form is refused all the same: one value, one text', () => {
  const bytes = Buffer.from(LINE.slice('x0invite1.'.length), 'base64url')
  const content = bytes.subarray(2, bytes.length - 4)
  const lineOf = (changed: Uint8Array): string => {
    const sized = Buffer.concat([Buffer.alloc(2), changed])
    sized.writeUInt16BE(changed.length + 4)
    const whole = Buffer.concat([sized, Buffer.alloc(4)])
    whole.writeUInt32BE(crc32(sized, crc32('x0invite1.')), sized.length)
    return `x0invite1.${whole.toString('base64url')}`
  }
  assert.equal(lineOf(content), LINE)
  // the count of doors stands at 114, the first door behind it: length, address of 8 bytes, whose
  const [head, first, rest] = [content.subarray(0, 115), content.subarray(115, 124), content.subarray(125)]
  const bad = trustCode('bad-invite')
  assert.throws(() => parseInvite(lineOf(Buffer.concat([head, first, Uint8Array.of(1), ISSUER, rest]))), bad)
  assert.throws(() => parseInvite(lineOf(Buffer.concat([head, first, Uint8Array.of(2), HELPER, rest]))), bad)
  assert.throws(() => parseInvite(lineOf(Buffer.concat([head, first, Uint8Array.of(0), first, Uint8Array.of(0), rest]))), bad)
  assert.throws(() => parseInvite(lineOf(Buffer.concat([content, Uint8Array.of(0)]))), bad)
  assert.throws(() => parseInvite(lineOf(content.subarray(0, 40))), bad)
  const none = Buffer.concat([content.subarray(0, 114), Uint8Array.of(0)])
  assert.throws(() => parseInvite(lineOf(none)), trustCode('bad-invite', /no address/))
  assert.throws(() => parseInvite(lineOf(Buffer.concat([head, Uint8Array.of(201), new Uint8Array(300)]))), bad)
})

test('whatever can be invited to: one text each, read back the same', (t) => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const address = fc.oneof(
    fc.tuple(fc.ipV4(), fc.nat(65_535)).map(([ip, port]) => `/ip4/${ip}/tcp/${port}`),
    fc
      .tuple(fc.domain(), fc.nat(65_535))
      .filter(([name]) => name.length < 150)
      .map(([name, port]) => `/dns4/${name}/tcp/${port}`),
  )
  const doors = fc.uniqueArray(address, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      bytes32,
      bytes32,
      bytes32,
      bytes32,
      fc.nat(0xffff_ffff),
      doors,
      (networkId, issuer, secret, helper, seconds, ways) => {
        const given = invite(
          ways.map((way, index) => ({ address: way, x0Id: index % 2 === 0 ? issuer : helper })),
          { networkId, issuer, secret, expiresAt: seconds * 1000 },
        )
        const line = formatInvite(given)
        const read = parseInvite(line)
        assert.equal(formatInvite(read), line)
        assert.deepEqual([Uint8Array.from(read.secret), Uint8Array.from(read.issuer)], [secret, issuer])
        assert.deepEqual(
          read.doors.map((door) => [door.address, Buffer.from(door.x0Id).toString('hex')]),
          given.doors.map((door) => [door.address, Buffer.from(door.x0Id).toString('hex')]),
        )
      },
    ),
    seeded(t, 200),
  )
})

test('arbitrary text is refused with a TrustError', (t) => {
  const texts = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.base64String({ maxLength: 400 }).map((text) => `x0invite1.${text}`),
  )
  fc.assert(
    fc.property(texts, (text) => {
      assert.throws(() => parseInvite(text), TrustError)
    }),
    seeded(t, 2000),
  )
})
