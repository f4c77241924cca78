import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodePayload } from '../../src/channel/payload.ts'
import { interopProfile } from '../../src/channel/profile.ts'
import type { RefusalCode } from '../../src/channel/refusal.ts'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { channelCounter } from '../../src/observe/channel-metrics.ts'
import { EventLoopLag } from '../../src/observe/event-loop-lag.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { NATIVE, onBoth } from '../crypto/backends.ts'
import { HandClock } from './hand-clock.ts'
import { answer, dial, meet, outcome, outcomes, reported, reportedTypes } from './meeting.ts'
import { bytesField, numberField, textField } from './protobuf-by-hand.ts'
import { type Honest, type Script, scriptedInitiator, scriptedResponder } from './scripted.ts'
import { still } from './stream-pair.ts'
import { type End, makeEnd, rawPair } from './two-ends.ts'

/* An initiator that turns the responder away says why, in a message C that shows nothing else. Both ends know the reason. */

/** What admission may say, and the number of each as docs/secure-channel.md lists them. */
const ADMISSION: readonly (readonly [RefusalCode, number])[] = [
  ['not-admitted', 2],
  ['revoked', 3],
  ['not-allowed', 16],
  ['blocked', 20],
  ['catching-up', 21],
  ['credential-malformed', 22],
  ['credential-forged', 23],
  ['credential-expired', 24],
  ['credential-early', 25],
  ['credential-foreign', 26],
  ['credential-mismatch', 27],
  ['issuer-unknown', 28],
]

/** X0Refusal by hand. */
function refusal(...fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(4, bytesField(1777, Buffer.concat(fields)))
}

const noticeOf = (number: number): Uint8Array => refusal(numberField(1, 1), numberField(2, number))

/** What a responder makes of a message C with this payload: its outcome, and the plaintext of its verdict. */
async function told(end: End, self: End, payload: Script['payload']): Promise<[string, number[] | undefined]> {
  const [theirs, ours] = rawPair()
  const [side, verdict] = await Promise.all([
    answer(end, ours),
    scriptedInitiator(theirs, { self, ...(payload === undefined ? {} : { payload }) }),
  ])
  return [outcome(side), verdict && [...verdict]]
}

for (const [code, number] of ADMISSION) {
  test(`${code}: both ends know and count it, whichever of them refuses`, async (t) => {
    const lag = new EventLoopLag(systemClock)
    const metrics = new Metrics({ version: 'VERSION', nodeVersion: 'VERSION', backend: 'native', httpRoutes: [], lag })
    t.after(() => {
      metrics.close()
      lag.stop()
    })
    const [strict, open] = [await makeEnd({ admit: () => code }), await makeEnd()]
    assert.deepEqual(outcomes(await meet(strict, open)), [`self:${code}`, `peer:${code}`])
    assert.deepEqual(outcomes(await meet(open, strict)), [`peer:${code}`, `self:${code}`])
    const refusals = [strict, open].map((end) => end.events.filter((event) => event.type === 'refused'))
    assert.deepEqual(
      refusals.map((events) => events.map((event) => [event.role, event.code, event.by])),
      [
        [
          ['initiator', code, 'self'],
          ['responder', code, 'self'],
        ],
        [
          ['responder', code, 'peer'],
          ['initiator', code, 'peer'],
        ],
      ],
    )
    // each text says more than the code
    for (const { message } of refusals.flat()) assert.ok(code === 'not-allowed' || message.length > code.length + 40, message)
    const count = channelCounter(metrics)
    for (const event of [...reported(strict), ...reported(open)]) count(event)
    const text = await metrics.text()
    // each end refused once and was refused once
    for (const by of ['self', 'peer']) assert.ok(text.includes(`x0_handshake_refusals_total{by="${by}",code="${code}"} 2`), by)

    const [ours, theirs] = rawPair()
    const [, payloadC] = await Promise.all([dial(strict, ours), scriptedResponder(theirs, { self: open })])
    assert.deepEqual([...(payloadC ?? [])], [...noticeOf(number)], 'the notice on the wire')
  })
}

onBoth('a notice that is read, whatever number it has', async (backend) => {
  const [end, self] = [await makeEnd({ backend }), await makeEnd({ backend })]
  for (const [number, code] of [
    [1, 'wrong-network'],
    [18, 'shed'],
    [28, 'issuer-unknown'],
    // of a later version
    [29, 'not-allowed'],
    [127, 'not-allowed'],
  ] as const) {
    assert.deepEqual(await told(end, self, () => noticeOf(number)), [`peer:${code}`, undefined], `number ${number}`)
  }
  assert.ok(reportedTypes(end).every((type) => type.startsWith('refused:')))
})

test('a notice has one form: any other is malformed, and so is one beside an identity', async () => {
  const [end, self] = [await makeEnd(), await makeEnd()]
  const cases: readonly (readonly [string, (honest: Honest) => Uint8Array])[] = [
    ['accepted', () => noticeOf(0)],
    ['a number of two bytes', () => noticeOf(128)],
    ['a number that is not minimal', () => Buffer.concat([noticeOf(1).subarray(0, -1), Uint8Array.of(0x81, 0)])],
    ['another version', () => refusal(numberField(1, 2), numberField(2, 1))],
    ['no version', () => refusal(numberField(2, 1))],
    ['no number', () => refusal(numberField(1, 1))],
    ['another order', () => refusal(numberField(2, 1), numberField(1, 1))],
    ['a number twice', () => refusal(numberField(1, 1), numberField(2, 1), numberField(2, 1))],
    ['a field more', () => refusal(numberField(1, 1), numberField(2, 1), numberField(3, 1))],
    ['a text', () => refusal(numberField(1, 1), textField(2, 'x'))],
    ['a field of libp2p that we do not know', () => Buffer.concat([noticeOf(1), numberField(9, 1)])],
    ['two of them', () => Buffer.concat([noticeOf(1), noticeOf(1)])],
    ['muxers beside it', () => bytesField(4, Buffer.concat([textField(2, '/m'), noticeOf(1).subarray(2)]))],
    ['an identity before it', (honest) => withIdentity(honest, noticeOf(1).subarray(2))],
    ['an identity and a notice in another form', (honest) => withIdentity(honest, numberField(1777, 1))],
  ]
  for (const [what, payload] of cases) {
    assert.deepEqual(await told(end, self, payload), ['self:malformed-message', [1, 12]], what)
  }
})

/** An honest payload with one more extension. */
function withIdentity(honest: Honest, extension: Uint8Array): Uint8Array {
  const whole = encodePayload(honest)
  const identity = encodePayload({ ...honest, streamMuxers: [], pqAuth: undefined })
  const inner = whole.subarray(identity.length)
  // the extensions are the last field: a key of one byte and a length of two
  return Buffer.concat([identity, bytesField(4, Buffer.concat([inner.subarray(3), extension]))])
}

test('the payload by hand with an identity is a good one without the notice', async () => {
  const [end, self] = [await makeEnd(), await makeEnd()]
  assert.deepEqual(await told(end, self, (honest) => withIdentity(honest, textField(88, 'x'))), ['session', [1, 0]])
})

test('interop ids know no notice: none is sent, and none is believed', async () => {
  const profile = interopProfile('/noise-mlkem768-hfs/0.2.0')
  const [strict, open] = [await makeEnd({ profile, admit: () => 'not-allowed' }), await makeEnd({ profile })]
  assert.deepEqual(outcomes(await meet(strict, open)), ['self:not-allowed', 'self:closed'])
  const [ours, theirs] = rawPair()
  const [side, payloadC] = await Promise.all([
    dial(strict, ours),
    scriptedResponder(theirs, { self: open, prologue: profile.prologue, offers: [profile.protocol] }),
  ])
  assert.deepEqual([outcome(side), payloadC], ['self:not-allowed', undefined])
  const [toUs, us] = rawPair()
  const [answered] = await Promise.all([
    answer(open, us),
    scriptedInitiator(toUs, { self: strict, prologue: new Uint8Array(0), payload: () => noticeOf(1) }),
  ])
  assert.equal(outcome(answered), 'self:malformed-message')
})

test('a notice shows nobody: its message C is 73 bytes, and holds neither key nor name', async () => {
  const [strict, open] = [await makeEnd({ admit: () => 'revoked' }), await makeEnd()]
  const [{ initiator }, events] = [await meet(strict, open), reported(open)]
  assert.equal(outcome(initiator), 'self:revoked')
  const [event] = events
  assert.ok(event?.type === 'refused')
  assert.equal(event.remotePeerId, undefined, 'a stranger to the responder')
})

test('a flood of notices costs a responder the signatures of its Bs, and no check of any', async () => {
  let checks = 0
  const counting = <T extends unknown[], R>(make: (...args: T) => R) => {
    return (...args: T): R => {
      checks += 1
      return make(...args)
    }
  }
  const backend: CryptoBackend = {
    ...NATIVE,
    importMlDsa65Public: counting(NATIVE.importMlDsa65Public),
    importEd25519Public: counting(NATIVE.importEd25519Public),
  }
  const [made, self] = [await makeEnd(), await makeEnd()]
  let signatures = 0
  const end = await makeEnd({
    backend,
    identity: {
      ...made.identity,
      signNow: (...args) => {
        signatures += 1
        return made.identity.signNow(...args)
      },
      sign: async (...args) => {
        signatures += 1
        return await made.identity.sign(...args)
      },
    },
  })
  for (let round = 0; round < 20; round += 1) {
    assert.deepEqual(await told(end, self, () => noticeOf(3)), ['peer:revoked', undefined])
  }
  assert.deepEqual([signatures, checks], [20, 0])
  assert.equal(end.context.gate.underWay, 0)
  // an identity is what is checked
  assert.deepEqual(await told(end, self, undefined), ['session', [1, 0]])
  assert.equal(checks, 2)
})

test('a peer that takes the notice and stays holds the dial up for a second, no longer', async () => {
  const clock = new HandClock()
  const strict = await makeEnd({ clock, admit: () => 'blocked' })
  const peer = await makeEnd()
  const [ours, theirs] = rawPair()
  const side = dial(strict, ours)
  // it reads C and says nothing, nor does it hang up
  await scriptedResponder(theirs, { self: peer }, () => new Uint8Array(0))
  await still(() => strict.events.length)
  assert.deepEqual(reportedTypes(strict), ['refused:blocked'], 'told at once')
  assert.equal(ours.status, 'open')
  clock.advance(1_000)
  assert.equal(outcome(await side), 'self:blocked')
  assert.equal(clock.pending, 0)
})

test('a dial that is given up does not linger', async () => {
  const clock = new HandClock()
  const strict = await makeEnd({ clock, admit: () => 'blocked' })
  const given = new AbortController()
  const [ours, theirs] = rawPair()
  const side = dial(strict, ours, { signal: given.signal })
  await scriptedResponder(theirs, { self: await makeEnd() }, () => new Uint8Array(0))
  await still(() => strict.events.length)
  given.abort(new Error('changed my mind'))
  assert.equal(outcome(await side), 'self:blocked')
  assert.equal(clock.pending, 0)
})
