import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { addressOf, hostOf, timelineOf } from '../../src/channel/carrier-address.ts'
import { Deadline } from '../../src/channel/deadline.ts'
import { exportSecret } from '../../src/channel/exporter.ts'
import { KeyMaterial } from '../../src/channel/key-material.ts'
import { MAX_RECENT_REFUSALS, REFILL_AFTER_MS, RENEW_AFTER_MS } from '../../src/channel/limits.ts'
import { checkNegotiation } from '../../src/channel/profile.ts'
import { RecentRefusals } from '../../src/channel/recent-refusals.ts'
import { asRefusal, ChannelRefusal, REFUSAL_CODES } from '../../src/channel/refusal.ts'
import { dueForRenewal, renewAt } from '../../src/channel/renewal.ts'
import { Slots } from '../../src/channel/slots.ts'
import { decodeVerdict, encodeVerdict } from '../../src/channel/verdict.ts'
import { NATIVE, onBoth, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { HandClock } from './hand-clock.ts'

test('deadline: fires once its time is up, and leaves neither timer nor listener behind when disposed', () => {
  const clock = new HandClock()
  const outer = new AbortController()
  const deadline = new Deadline(clock, 100, outer.signal)
  assert.equal(getEventListeners(outer.signal, 'abort').length, 1)
  clock.advance(99)
  assert.equal(deadline.signal.aborted, false)
  clock.advance(1)
  assert.equal(deadline.signal.aborted, true)
  deadline[Symbol.dispose]()
  assert.equal(getEventListeners(outer.signal, 'abort').length, 0)

  const kept = new Deadline(clock, 100, outer.signal)
  kept[Symbol.dispose]()
  assert.equal(clock.pending, 0)
  assert.equal(getEventListeners(outer.signal, 'abort').length, 0)
  clock.advance(1_000)
  assert.equal(kept.signal.aborted, false)
})

test('deadline: follows the outer signal, at once where that has fired, until it is released', () => {
  const clock = new HandClock()
  const outer = new AbortController()
  const [followed, released] = [new Deadline(clock, 100, outer.signal), new Deadline(clock, 100, outer.signal)]
  released.release()
  outer.abort(new Error('given up'))
  assert.equal(followed.signal.reason.message, 'given up')
  assert.equal(released.signal.aborted, false)
  clock.advance(100)
  assert.equal(released.signal.aborted, true)
  assert.equal(new Deadline(clock, 100, outer.signal).signal.aborted, true)
})

test('slots: never more at once than places, the rest in order, and a failure gives its place back', async (t) => {
  const task = fc.record({ turns: fc.nat({ max: 3 }), fails: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(task, { maxLength: 30 }), async (places, tasks) => {
      const slots = new Slots(places)
      let running = 0
      const started: number[] = []
      const all = tasks.map(({ turns, fails }, index) =>
        slots.run(async () => {
          started.push(index)
          running += 1
          assert(running <= places)
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
          running -= 1
          if (fails) throw new Error('this one fails')
          return index
        }),
      )
      const results = await Promise.allSettled(all)
      assert.deepEqual(
        results.map(({ status }) => status),
        tasks.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')),
      )
      assert.deepEqual(
        started,
        tasks.map((_, index) => index),
      )
      assert.equal(await slots.run(async () => running), 0)
    }),
    seeded(t, 100),
  )
})

test('recent refusals: each given once, the newest of a key, the oldest key forgotten first', () => {
  const recent = new RecentRefusals()
  const refusal = (code: (typeof REFUSAL_CODES)[number]) => new ChannelRefusal(code, code)
  recent.remember('a', refusal('closed'), 0)
  recent.remember('a', refusal('timeout'), 1)
  assert.equal(recent.take('a', 0)?.code, 'timeout')
  assert.equal(recent.take('a', 0), undefined)
  for (let key = 0; key < MAX_RECENT_REFUSALS + 3; key += 1) recent.remember(`k${key}`, refusal('closed'), key)
  assert.equal(recent.take('k2', 0), undefined)
  assert.equal(recent.take('k3', 0)?.code, 'closed')
})

test('recent refusals: a dial tells its own story only, by the peer that it expected or else by its address', () => {
  const recent = new RecentRefusals()
  const refusal = new ChannelRefusal('pin-mismatch', 'another')
  const addresses = ['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/2']
  recent.remember('peer', refusal, 10)
  assert.equal(recent.of({ peerId: 'peer', addresses, since: 11 }), undefined, 'that was an earlier dial')
  recent.remember('peer', refusal, 10)
  recent.forget('peer')
  assert.equal(recent.of({ peerId: 'peer', addresses, since: 0 }), undefined, 'a dial went well since')
  recent.remember('peer', refusal, 10)
  recent.remember('/ip4/192.0.2.2/tcp/2', refusal, 10)
  assert.equal(recent.of({ peerId: 'another', addresses, since: 10 }), undefined)
  assert.equal(recent.of({ peerId: 'peer', addresses: [], since: 10 }), refusal)
  assert.equal(recent.of({ peerId: undefined, addresses, since: 10 }), refusal)
})

test('verdict: two bytes; each code of its own comes back, the others as not-allowed', () => {
  assert.deepEqual([...encodeVerdict()], [1, 0])
  assert.equal(decodeVerdict(Uint8Array.of(1, 0)), undefined)
  const wire = new Map(REFUSAL_CODES.map((code) => [code, encodeVerdict(code)[1]]))
  // numbers are never reused: this list only grows
  assert.deepEqual(Object.fromEntries(wire), {
    'malformed-message': 12,
    'payload-too-large': 13,
    'bad-encapsulation-key': 16,
    'all-zero-secret': 16,
    'decrypt-failed': 14,
    'bad-identity-signature': 8,
    'bad-composite-signature': 9,
    'missing-authentication': 10,
    'peer-id-mismatch': 7,
    'x0-id-mismatch': 6,
    'pin-mismatch': 4,
    'pin-frozen': 5,
    'self-connection': 15,
    'wrong-network': 1,
    'not-admitted': 2,
    revoked: 3,
    blocked: 20,
    'catching-up': 21,
    'credential-malformed': 22,
    'credential-forged': 23,
    'credential-expired': 24,
    'credential-early': 25,
    'credential-foreign': 26,
    'credential-mismatch': 27,
    'issuer-unknown': 28,
    'protocol-mismatch': 11,
    'not-allowed': 16,
    'no-common-muxer': 17,
    shed: 18,
    timeout: 19,
    closed: 16,
    'no-verdict': 16,
    'record-damaged': 16,
  })
  for (const [code, number] of wire) {
    const refusal = decodeVerdict(Uint8Array.of(1, number ?? 0))
    assert.equal(refusal?.by, 'peer')
    assert.equal(refusal?.code, number === 16 ? 'not-allowed' : code)
  }
  const later = decodeVerdict(Uint8Array.of(1, 200))
  assert.deepEqual([later?.code, later?.by], ['not-allowed', 'peer'])
  for (const bytes of [[], [1], [2, 0], [0, 0], [1, 0, 0]]) {
    assert.throws(
      () => decodeVerdict(Uint8Array.from(bytes)),
      (error) => error instanceof ChannelRefusal && error.code === 'malformed-message',
    )
  }
})

test('a refusal keeps its cause, and the one name that libp2p knows', () => {
  const cause = new Error('below')
  const made = asRefusal(cause, 'closed')
  assert.deepEqual(
    [made.code, made.by, made.cause, made.message, made.name],
    ['closed', 'self', cause, 'below', 'ChannelRefusal'],
  )
  assert.equal(asRefusal(made, 'timeout'), made)
  assert.equal(asRefusal('text', 'timeout').message, 'text')
  assert.equal(new ChannelRefusal('peer-id-mismatch', '').name, 'UnexpectedPeerError')
})

test('the negotiated protocol is the first of the initiator that the responder has', (t) => {
  const list = fc.uniqueArray(fc.constantFrom('/a', '/b', '/c', '/d'))
  fc.assert(
    fc.property(list, list, fc.constantFrom('/a', '/b', '/c', '/d'), (initiator, responder, negotiated) => {
      const agreed = initiator.filter((protocol) => responder.includes(protocol))[0]
      if (agreed === negotiated) checkNegotiation(negotiated, initiator, responder)
      else
        assert.throws(
          () => checkNegotiation(negotiated, initiator, responder),
          (error) => error instanceof ChannelRefusal && error.code === 'protocol-mismatch',
        )
    }),
    seeded(t, 200),
  )
})

onBoth('exporter: one label, one secret; a longer one begins with the shorter', (crypto) => {
  const secret = new Uint8Array(32).fill(3)
  const long = exportSecret(crypto, secret, 'label', 8_160)
  assert.equal(long.length, 8_160)
  assert.equal(toHex(exportSecret(crypto, secret, 'label', 40)), toHex(long.subarray(0, 40)))
  assert.notEqual(toHex(exportSecret(crypto, secret, 'labe', 40)), toHex(long.subarray(0, 40)))
  for (const length of [0, -1, 1.5, 8_161, Number.NaN]) assert.throws(() => exportSecret(crypto, secret, 'l', length), RangeError)
})

onBoth('key material: a static key for the process, ephemeral keys for one handshake each', async (crypto) => {
  const keys = new KeyMaterial(crypto, new HandClock())
  const taken = [keys.take('initiator'), keys.take('initiator'), keys.take('responder')]
  await new Promise((resolve) => setImmediate(resolve))
  taken.push(keys.take('initiator'))
  assert.equal(new Set(taken.map(({ staticKey }) => toHex(staticKey.publicKey))).size, 1)
  assert.equal(new Set(taken.map(({ ephemeralKey }) => toHex(ephemeralKey.publicKey))).size, 4)
  assert.equal(new Set(taken.map(({ kemKey }) => toHex(kemKey.encapsulationKey))).size, 4)
  const [first] = taken
  assert(first !== undefined)
  assert.equal(first.kemKey, first.kemKey)
  const { ciphertext, sharedSecret } = first.encapsulate(first.kemKey.encapsulationKey)
  assert.equal(toHex(first.kemKey.decapsulate(ciphertext)), toHex(sharedSecret))
})

test('a responder leaves the ready KEM key to the next dialler', async () => {
  let made = 0
  const counting = {
    ...NATIVE,
    generateDecapsulationKey: () => {
      made += 1
      return NATIVE.generateDecapsulationKey()
    },
  }
  const clock = new HandClock()
  const keys = new KeyMaterial(counting, clock)
  for (let responder = 0; responder < 5; responder += 1) keys.take('responder')
  clock.advance(REFILL_AFTER_MS)
  assert.equal(made, 1)
  keys.take('initiator')
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(made, 2)
})

test('the address of a carrier: host for the flood gate, text for reports, timeline for the facts', () => {
  const from = (address: string) => multiaddrConnectionPair({ inbound: { remoteAddr: multiaddr(address) } })[1]
  for (const [address, host] of [
    ['/ip4/127.0.0.1/tcp/1', '127.0.0.1'],
    ['/ip6/2001:db8::1/tcp/1', '2001:db8::1'],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/1', 'fe80::1'],
    ['/ip4/10.0.0.1/udp/1/quic-v1', '10.0.0.1'],
    ['/dns4/example.org/tcp/1', 'unknown'],
    ['/unix/tmp%2Fx', 'unknown'],
  ] as const) {
    const connection = from(address)
    assert.equal(hostOf(connection), host)
    assert.equal(addressOf(connection), multiaddr(address).toString())
    assert.equal(timelineOf(connection).timeline, connection.timeline)
  }
})

test('renewal: between nine tenths and the whole of the period, oldest first, only by who dialled', (t) => {
  const session = fc.record({
    id: fc.string({ maxLength: 8 }),
    since: fc.nat({ max: 10 * RENEW_AFTER_MS }),
    role: fc.constantFrom('initiator' as const, 'responder' as const),
  })
  fc.assert(
    fc.property(fc.array(session, { maxLength: 20 }), fc.nat({ max: 12 * RENEW_AFTER_MS }), (sessions, now) => {
      for (const one of sessions) {
        const age = renewAt(one) - one.since
        assert(age > 0.9 * RENEW_AFTER_MS - 1 && age <= RENEW_AFTER_MS)
      }
      const due = dueForRenewal(sessions, now)
      for (const one of sessions) {
        const old = now - one.since
        if (one.role === 'responder' || old < 0.9 * RENEW_AFTER_MS) assert(!due.includes(one))
        else if (old >= RENEW_AFTER_MS) assert(due.includes(one))
      }
      const ages = due.map(({ since }) => since)
      assert.deepEqual(
        ages,
        ages.toSorted((a, b) => a - b),
      )
    }),
    seeded(t, 200),
  )
  const spread = new Set(
    Array.from({ length: 50 }, (_, index) => renewAt({ id: `session-${index}`, since: 0, role: 'initiator' })),
  )
  assert(spread.size > 40, 'sessions made together are renewed together')
})
