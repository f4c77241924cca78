import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Connection } from '@libp2p/interface'
import fc from 'fast-check'
import { HostError } from '../../src/host/host-error.ts'
import { MAX_SYNC_FRAME_BYTES, MAX_SYNC_USELESS, SYNC_REQUEST_BURST, SYNC_USELESS_MS } from '../../src/host/limits.ts'
import { type FrameStream, frameStream } from '../../src/host/streams.ts'
import { decodeSync, encodeSync, SYNC_PROTOCOL, type SyncFrame } from '../../src/host/trust-sync-wire.ts'
import { UselessSubjects } from '../../src/host/useless-subjects.ts'
import { until } from './testing.ts'
import { closedNet, connectionsTo, type Net, startTrustedHost, type TrustedHost } from './trusted-host.ts'

const id = (value: number): Uint8Array => Buffer.alloc(32, value)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('frames: what is encoded comes back, and any other bytes are refused by one error', () => {
  const ids = (max: number): fc.Arbitrary<Uint8Array[]> =>
    fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: max })
  const bytes = fc.uint8Array({ maxLength: 100 })
  const frame: fc.Arbitrary<SyncFrame> = fc.oneof(
    fc.record({
      kind: fc.constant('hello' as const),
      count: fc.nat(32_768),
      digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    }),
    fc.record({ kind: fc.constantFrom('same', 'busy', 'next', 'done', 'taken', 'refused') }),
    fc.record({ kind: fc.constant('listing' as const), count: fc.nat(32_768) }),
    fc.record({ kind: fc.constant('subjects' as const), subjects: ids(20) }),
    fc.record({ kind: fc.constant('wants' as const), subjects: ids(16) }),
    fc.record({ kind: fc.constantFrom('revocation', 'present'), bytes }),
  )
  const plain = (value: SyncFrame): unknown =>
    Object.entries(value).map(([key, part]) => [
      key,
      Array.isArray(part) ? part.map(hex) : part instanceof Uint8Array ? hex(part) : part,
    ])
  fc.assert(fc.property(frame, (value) => assert.deepEqual(plain(decodeSync(encodeSync(value))), plain(value))))
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        fc.tuple(fc.nat(13), bytes).map(([kind, rest]) => Uint8Array.of(kind, ...rest)),
      ),
      (input) => {
        try {
          assert.deepEqual(Buffer.from(encodeSync(decodeSync(input))), Buffer.from(input))
        } catch (error) {
          assert.ok(error instanceof HostError && error.code === 'bad-sync', String(error))
        }
      },
    ),
  )
  const tooMany = Buffer.concat([Uint8Array.of(7), Buffer.alloc(17 * 32)])
  assert.throws(() => decodeSync(tooMany), { code: 'bad-sync' })
  assert.throws(() => decodeSync(Uint8Array.of(4, 0x80, 1)), { code: 'bad-sync' })
  assert.throws(() => decodeSync(Buffer.alloc(8 * 1024 + 2, 10)), { code: 'bad-sync' })
})

test('what no peer could make this node take is remembered for an hour, so many and no more', () => {
  const clock = { at: 0, monotonic: () => clock.at }
  const useless = new UselessSubjects(clock)
  for (let index = 0; index < 2 * MAX_SYNC_USELESS; index += 1) {
    const subject = Buffer.alloc(32)
    subject.writeUInt32BE(index)
    useless.note(subject)
  }
  assert.equal(useless.size, MAX_SYNC_USELESS)
  useless.note(id(1))
  assert.equal(useless.has(id(1)), true)
  clock.at = SYNC_USELESS_MS
  assert.equal(useless.has(id(1)), false)
})

interface Pair {
  readonly net: Net
  readonly victim: TrustedHost
  readonly evil: TrustedHost
  /** The victim's end of the connection, and the other one's. */
  readonly ours: Connection
  readonly theirs: Connection
}

/** A member that is level, and another one that answers syncs by its own script, if it has one. */
async function pair(t: TestContext, script?: (frames: FrameStream, net: Net) => Promise<void>): Promise<Pair> {
  const net = await closedNet({ founders: 1, nodes: 1 })
  const [victimKeys, evilKeys] = [...net.founders, ...net.nodes]
  assert.ok(victimKeys && evilKeys)
  const [victim, evil] = [await startTrustedHost(t, net, victimKeys), await startTrustedHost(t, net, evilKeys)]
  await victim.trust.publish((await net.revoke(id(5))).bytes)
  if (script !== undefined) {
    await evil.host.unhandle(SYNC_PROTOCOL)
    const serve = (stream: Parameters<typeof frameStream>[0]): void => {
      const frames = frameStream(stream, 1 << 20)
      void script(frames, net).then(
        () => frames.close(),
        () => undefined,
      )
    }
    await evil.host.handle(SYNC_PROTOCOL, serve, { runOnLimitedConnection: true })
  }
  // the victim does not begin by itself
  await evil.host.dial(victim.host.getMultiaddrs())
  await until('they are connected', () => connectionsTo(victim, evil).length === 1)
  const [[ours], [theirs]] = [connectionsTo(victim, evil), connectionsTo(evil, victim)]
  assert.ok(ours && theirs)
  if (script === undefined) await until('the first sync is over', () => evil.trust.view().level)
  return { net, victim, evil, ours, theirs }
}

const write = (frames: FrameStream, frame: SyncFrame): Promise<void> => frames.write(encodeSync(frame))
const read = async (frames: FrameStream): Promise<SyncFrame> => decodeSync((await frames.read()) ?? new Uint8Array())

const LIARS: readonly (readonly [string, (frames: FrameStream, net: Net) => Promise<void>])[] = [
  ['answers with garbage', (frames) => frames.write(Uint8Array.of(77))],
  [
    'answers a hello with a revocation',
    async (frames, net) => write(frames, { kind: 'revocation', bytes: (await net.revoke(id(9))).bytes }),
  ],
  ['sends a frame that is too large', (frames) => frames.write(new Uint8Array(MAX_SYNC_FRAME_BYTES + 1))],
  [
    'announces a list and sends something else',
    async (frames) => {
      await write(frames, { kind: 'listing', count: 3 })
      await write(frames, { kind: 'same' })
    },
  ],
  [
    'sends a longer list than announced',
    async (frames) => {
      await write(frames, { kind: 'listing', count: 1 })
      await write(frames, { kind: 'subjects', subjects: [id(6), id(7)] })
    },
  ],
  [
    'lists one node twice',
    async (frames) => {
      await write(frames, { kind: 'listing', count: 2 })
      await write(frames, { kind: 'subjects', subjects: [id(6), id(6)] })
    },
  ],
  [
    'announces one revocation and sends another',
    async (frames, net) => {
      await write(frames, { kind: 'listing', count: 1 })
      await write(frames, { kind: 'subjects', subjects: [id(6)] })
      assert.equal((await read(frames)).kind, 'wants')
      await write(frames, { kind: 'revocation', bytes: (await net.revoke(id(7))).bytes })
    },
  ],
  [
    'announces one and ends there',
    async (frames) => {
      await write(frames, { kind: 'listing', count: 1 })
      await write(frames, { kind: 'subjects', subjects: [id(6)] })
      assert.equal((await read(frames)).kind, 'wants')
    },
  ],
  [
    'announces one and sends a forged one',
    async (frames, net) => {
      await write(frames, { kind: 'listing', count: 1 })
      await write(frames, { kind: 'subjects', subjects: [id(6)] })
      await read(frames)
      const bytes = Uint8Array.from((await net.revoke(id(6))).bytes)
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      await write(frames, { kind: 'revocation', bytes })
    },
  ],
  [
    'sends more than was asked for',
    async (frames, net) => {
      await write(frames, { kind: 'listing', count: 1 })
      await write(frames, { kind: 'subjects', subjects: [id(6)] })
      await read(frames)
      for (const subject of [id(6), id(7)]) await write(frames, { kind: 'revocation', bytes: (await net.revoke(subject)).bytes })
    },
  ],
]

test('a peer that lies in its answers is counted and cut, whatever it does, and leaves nothing behind', async (t) => {
  for (const [what, script] of LIARS) {
    await t.test(`it ${what}`, async (each) => {
      const { victim, ours, evil } = await pair(each, async (frames, net) => {
        await frames.read()
        await script(frames, net)
        // it does not go away by itself
        if (what !== 'announces one and ends there') await frames.read()
      })
      assert.equal(await victim.trust.syncWith(ours), false)
      await until('it is cut', () => connectionsTo(victim, evil).length === 0)
      assert.deepEqual(victim.faults, ['sync-invalid'])
      assert.deepEqual(victim.closings, ['sync-lied'])
      const known = victim.membership.revocations().map(({ subject }) => subject[0])
      assert.deepEqual(known, what === 'sends more than was asked for' ? [5, 6] : [5])
    })
  }
})

const ASKERS: readonly (readonly [string, (frames: FrameStream, victim: TrustedHost) => Promise<void>])[] = [
  ['begins with garbage', (frames) => frames.write(Uint8Array.of(0))],
  ['begins in the middle', (frames) => write(frames, { kind: 'done' })],
  [
    'says another count than its digest has',
    (frames, victim) => write(frames, { kind: 'hello', count: 7, digest: victim.membership.digest() }),
  ],
  ...(
    [
      ['wants what was not listed', [{ kind: 'wants', subjects: [id(6)] }]],
      ['wants the same twice', [{ kind: 'wants', subjects: [id(5), id(5)] }]],
      [
        'wants the same again',
        [
          { kind: 'wants', subjects: [id(5)] },
          { kind: 'wants', subjects: [id(5)] },
        ],
      ],
      ['asks beyond the end of the list', [{ kind: 'next' }]],
      ['says hello twice', [{ kind: 'hello', count: 0, digest: id(0) }]],
      [
        'offers what was listed',
        [
          { kind: 'listing', count: 1 },
          { kind: 'subjects', subjects: [id(5)] },
        ],
      ],
      [
        'offers one and does not send it',
        [{ kind: 'listing', count: 1 }, { kind: 'subjects', subjects: [id(6)] }, { kind: 'done' }],
      ],
    ] satisfies [string, SyncFrame[]][]
  ).map(([what, says]): (typeof ASKERS)[number] => [
    what,
    async (frames) => {
      await write(frames, { kind: 'hello', count: 0, digest: id(0) })
      for (const frame of says) await write(frames, frame)
    },
  ]),
]

test('a peer that lies in what it asks is counted and cut', async (t) => {
  for (const [what, ask] of ASKERS) {
    await t.test(`it ${what}`, async (each) => {
      const { victim, evil, theirs } = await pair(each)
      const before = victim.faults.length
      await ask(frameStream(await theirs.newStream(SYNC_PROTOCOL), 1 << 20), victim)
      await until('it is cut', () => connectionsTo(victim, evil).length === 0)
      assert.deepEqual(victim.faults.slice(before), ['sync-invalid'])
      assert.deepEqual(victim.closings, ['sync-lied'])
      assert.deepEqual(
        victim.membership.revocations().map(({ subject }) => subject[0]),
        [5],
      )
    })
  }
})

test('a silent peer costs its time and no more; one that asks all the time is told to come later', async (t) => {
  const silent = await pair(t, () => new Promise(() => undefined))
  const asked = silent.victim.trust.syncWith(silent.ours)
  const { victim, theirs } = await pair(t)
  const answers: string[] = []
  for (let index = 0; index < SYNC_REQUEST_BURST + 4; index += 1) {
    const frames = frameStream(await theirs.newStream(SYNC_PROTOCOL), MAX_SYNC_FRAME_BYTES)
    await write(frames, { kind: 'hello', count: victim.membership.revocations().length, digest: victim.membership.digest() })
    answers.push((await read(frames)).kind)
    await frames.close()
  }
  assert.deepEqual([answers[0], answers.at(-1)], ['same', 'busy'])
  assert.ok(victim.faults.includes('sync-rate'))
  assert.equal(theirs.status, 'open')
  assert.equal(await asked, false)
  assert.deepEqual([silent.victim.faults, silent.victim.closings, silent.ours.status], [['frame-timeout'], [], 'open'])
})

test('revocations that mean nothing here are not taken, held against nobody, and not asked for again', async (t) => {
  const wishes: number[] = []
  const { victim, ours } = await pair(t, async (frames, net) => {
    await frames.read()
    await write(frames, { kind: 'listing', count: 1 })
    await write(frames, { kind: 'subjects', subjects: [id(6)] })
    const [stranger] = net.nodes
    assert.ok(stranger)
    let asked = await read(frames)
    if (asked.kind === 'wants') {
      wishes.push(asked.subjects.length)
      await write(frames, { kind: 'revocation', bytes: (await net.revoke(id(6), stranger)).bytes })
      asked = await read(frames)
    }
    assert.deepEqual([asked.kind, (await read(frames)).kind], ['listing', 'subjects'])
    await write(frames, { kind: 'done' })
  })
  assert.equal(await victim.trust.syncWith(ours), true)
  assert.equal(await victim.trust.syncWith(ours), true)
  assert.deepEqual(wishes, [1])
  assert.deepEqual([victim.faults, ours.status], [['revocation-ignored'], 'open'])
  assert.equal(victim.membership.revocations().length, 1)
})

test('a node that missed 1,900 revocations has them all before it serves anybody', async (t) => {
  const net = await closedNet({ founders: 2, nodes: 1 })
  const [first, second, nodeKeys] = [...net.founders, ...net.nodes]
  assert.ok(first && second && nodeKeys)
  const many = await Promise.all(
    Array.from({ length: 1_900 }, (_, index) => {
      const subject = Buffer.alloc(32, 1)
      subject.writeUInt32BE(index * 7919)
      return net.revoke(subject, index % 2 === 0 ? first : second)
    }),
  )
  const member = await startTrustedHost(t, net, first, { revocations: many })
  const node = await startTrustedHost(t, net, nodeKeys, { revocations: many.slice(0, 3) })
  const began = performance.now()
  await node.host.dial(member.host.getMultiaddrs())
  await until(
    'it is level',
    () => {
      const { level } = node.trust.view()
      assert.ok(!level || node.membership.revocations().length === 1_900)
      return level
    },
    30_000,
  )
  t.diagnostic(`1,897 revocations in ${Math.round(performance.now() - began)} ms`)
  assert.deepEqual(node.membership.digest(), member.membership.digest())
  assert.deepEqual([node.faults, member.faults], [[], []])
})

test('a credential that does not admit its bearer changes nothing and is counted', async (t) => {
  const { victim, evil, theirs, net } = await pair(t)
  for (const bytes of [Uint8Array.of(1), await net.credentialOf(victim.identity)]) {
    const frames = frameStream(await theirs.newStream(SYNC_PROTOCOL), MAX_SYNC_FRAME_BYTES)
    await write(frames, { kind: 'present', bytes })
    assert.equal((await read(frames)).kind, 'refused')
  }
  assert.deepEqual(victim.faults, ['credential-refused', 'credential-refused'])
  assert.equal(connectionsTo(victim, evil).length, 1)
})

test('two nodes that agree sync for less than 40 bytes a second, one sync begun and one answered every 30 s', async (t) => {
  const { victim, evil, ours } = await pair(t)
  for (const host of [victim, evil]) host.liveness.stop()
  const { traffic } = victim.channel.context
  const total = (): number => traffic.sent + traffic.received
  let before = -1
  let quiet = 0
  await until('all else is quiet', () => {
    quiet = total() === before ? quiet + 1 : 0
    before = total()
    return quiet > 50
  })
  const rounds = 10
  for (let index = 0; index < rounds; index += 1) assert.equal(await victim.trust.syncWith(ours), true)
  await victim.host.services.ping.ping(evil.host.peerId)
  const bytes = (total() - before) / rounds
  t.diagnostic(`${Math.round(bytes)} bytes an exchange, ${((2 * bytes) / 30).toFixed(1)} bytes a second`)
  assert.ok((2 * bytes) / 30 < 40, `${bytes} bytes an exchange`)
})
