import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { MAX_HANDSHAKE_PAYLOAD_BYTES } from '../../src/channel/limits.ts'
import { encodePayload } from '../../src/channel/payload.ts'
import { staticKeyMessage } from '../../src/channel/pq-auth.ts'
import { interopProfile, X0_PROTOCOL } from '../../src/channel/profile.ts'
import type { RefusalCode } from '../../src/channel/refusal.ts'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { NATIVE } from '../crypto/backends.ts'
import { answer, dial, outcome, reported } from './meeting.ts'
import { flipped } from './middle.ts'
import { bytesField, numberField, textField } from './protobuf-by-hand.ts'
import { type Honest, type Script, scriptedInitiator, scriptedResponder } from './scripted.ts'
import { type End, makeEnd, rawPair } from './two-ends.ts'

/*
 * A peer with keys of its own that follows the protocol except in one thing. Both roles: the responder must say why in its
 * verdict; the dialler must send no C, or, where the peer's proof holds and the judgement refuses it, a notice of why.
 */

/** The wire codes of the verdict, as docs/secure-channel.md lists them. */
const WIRE: Partial<Record<RefusalCode, number>> = {
  'wrong-network': 1,
  'not-admitted': 2,
  revoked: 3,
  'pin-mismatch': 4,
  'pin-frozen': 5,
  'x0-id-mismatch': 6,
  'peer-id-mismatch': 7,
  'bad-identity-signature': 8,
  'bad-composite-signature': 9,
  'missing-authentication': 10,
  'protocol-mismatch': 11,
  'malformed-message': 12,
  'payload-too-large': 13,
  'decrypt-failed': 14,
  'self-connection': 15,
  'no-common-muxer': 17,
}

/** What the judgement refuses, after all signatures have been found good. */
const JUDGED: readonly RefusalCode[] = ['wrong-network', 'protocol-mismatch', 'no-common-muxer']

/** A refusal notice, as docs/secure-channel.md describes it. */
function noticeByHand(number: number): Uint8Array {
  return bytesField(4, bytesField(1777, Buffer.concat([numberField(1, 1), numberField(2, number)])))
}

let peer: End
let stranger: End
let foreignSignature: Uint8Array
before(async () => {
  peer = await makeEnd()
  stranger = await makeEnd()
  foreignSignature = await peer.identity.signEd25519(staticKeyMessage(new Uint8Array(32).fill(1)))
})

function auth(change: (pqAuth: Honest['pqAuth']) => Partial<Honest['pqAuth']>): Pick<Script, 'payload'> {
  return { payload: (honest) => encodePayload({ ...honest, pqAuth: { ...honest.pqAuth, ...change(honest.pqAuth) } }) }
}

function honestly(change: (honest: Honest) => Partial<Honest>): Pick<Script, 'payload'> {
  return { payload: (honest) => encodePayload({ ...honest, ...change(honest) }) }
}

const CASES: readonly (readonly [string, Omit<Script, 'self'>, RefusalCode])[] = [
  [
    'no extension',
    { payload: ({ pqAuth: _none, ...classical }) => encodePayload({ ...classical, pqAuth: undefined }) },
    'missing-authentication',
  ],
  [
    'an extension that does not parse',
    { payload: (h) => Buffer.concat([encodePayload(h), bytesField(2, new Uint8Array(64))]) },
    'malformed-message',
  ],
  ['nothing at all as its payload', { payload: () => new Uint8Array(0) }, 'malformed-message'],
  [
    'an identity signature with a changed byte',
    honestly((h) => ({ identitySignature: flipped(h.identitySignature, 9) })),
    'bad-identity-signature',
  ],
  [
    'the identity signature of another static key',
    honestly(() => ({ identitySignature: foreignSignature })),
    'bad-identity-signature',
  ],
  ['the Ed25519 key of somebody else', honestly(() => ({ ed25519: stranger.identity.ed25519 })), 'bad-identity-signature'],
  ['an Ed25519 key of small order', honestly(() => ({ ed25519: new Uint8Array(32) })), 'malformed-message'],
  ['an Ed25519 key that is no point', honestly(() => ({ ed25519: new Uint8Array(32).fill(0xff) })), 'malformed-message'],
  [
    'a composite signature whose ML-DSA half is wrong',
    auth(({ signature }) => ({ signature: flipped(signature, 100) })),
    'bad-composite-signature',
  ],
  [
    'a composite signature whose Ed25519 half is wrong',
    auth(({ signature }) => ({ signature: flipped(signature, 3_320) })),
    'bad-composite-signature',
  ],
  ['the ML-DSA key of somebody else', auth(() => ({ mldsa65: stranger.identity.mldsa65 })), 'bad-composite-signature'],
  ['a signature over another transcript', { hash: (h) => flipped(h, 31) }, 'bad-composite-signature'],
  ['a network that it did not sign', auth(() => ({ networkId: new Uint8Array(32).fill(8) })), 'bad-composite-signature'],
  ['offers that it did not sign', auth(() => ({ securityProtocols: ['/noise', X0_PROTOCOL] })), 'bad-composite-signature'],
  ['another network', { networkId: new Uint8Array(32).fill(8) }, 'wrong-network'],
  ['no offers', { offers: [] }, 'protocol-mismatch'],
  ['offers without what was negotiated', { offers: ['/noise'] }, 'protocol-mismatch'],
  ['a credential of 8,193 bytes', { credential: new Uint8Array(8_193) }, 'payload-too-large'],
  ['no muxer in common', honestly(() => ({ streamMuxers: ['/mplex/6.7.0'] })), 'no-common-muxer'],
]

for (const [what, script, code] of CASES) {
  test(`a peer with ${what} is refused by both roles: ${code}`, async () => {
    const end = await makeEnd()
    const [ours, theirs] = rawPair()
    const [dialled, payloadC] = await Promise.all([dial(end, ours), scriptedResponder(theirs, { self: peer, ...script })])
    assert.equal(outcome(dialled), `self:${code}`)
    const told = JUDGED.includes(code) ? [...noticeByHand(WIRE[code] ?? 16)] : undefined
    assert.deepEqual(payloadC && [...payloadC], told, 'what a refused responder is told in message C')

    const [toUs, us] = rawPair()
    const [answered, verdict] = await Promise.all([answer(end, us), scriptedInitiator(toUs, { self: peer, ...script })])
    assert.equal(outcome(answered), `self:${code}`)
    assert.deepEqual([...(verdict ?? [])], [1, WIRE[code] ?? 16])

    const events = reported(end)
    assert.deepEqual(
      events.map((event) => (event.type === 'refused' ? [event.role, event.code, event.by] : event.type)),
      [
        ['initiator', code, 'self'],
        ['responder', code, 'self'],
      ],
    )
    assert.equal(end.context.pins.get(peer.identity.peerId), undefined)
  })
}

test('a signature made for the other role is refused by both', async () => {
  const end = await makeEnd()
  const [ours, theirs] = rawPair()
  const [dialled] = await Promise.all([dial(end, ours), scriptedResponder(theirs, { self: peer, signAs: 'initiator' })])
  assert.equal(outcome(dialled), 'self:bad-composite-signature')
  const [toUs, us] = rawPair()
  const [answered] = await Promise.all([answer(end, us), scriptedInitiator(toUs, { self: peer, signAs: 'responder' })])
  assert.equal(outcome(answered), 'self:bad-composite-signature')
})

test('the script itself is a good peer, up to a payload of exactly 16 KiB', async () => {
  const end = await makeEnd()
  for (const size of [0, MAX_HANDSHAKE_PAYLOAD_BYTES]) {
    const payload = (honest: Honest): Uint8Array => {
      const plain = encodePayload(honest)
      // libp2p's own part may grow by fields that we do not know
      return size === 0 ? plain : Buffer.concat([plain, bytesField(77, new Uint8Array(size - plain.length - 5))])
    }
    const [toUs, us] = rawPair()
    const [answered, verdict] = await Promise.all([answer(end, us), scriptedInitiator(toUs, { self: peer, payload })])
    assert.equal(outcome(answered), 'session')
    assert.deepEqual([...(verdict ?? [])], [1, 0])
  }
})

test('a payload above 16 KiB is refused before it is decrypted', async () => {
  const end = await makeEnd()
  const payload = (): Uint8Array => bytesField(77, new Uint8Array(MAX_HANDSHAKE_PAYLOAD_BYTES - 3))
  const [ours, theirs] = rawPair()
  const [dialled] = await Promise.all([dial(end, ours), scriptedResponder(theirs, { self: peer, payload })])
  assert.equal(outcome(dialled), 'self:payload-too-large')
  const [toUs, us] = rawPair()
  const [answered, verdict] = await Promise.all([answer(end, us), scriptedInitiator(toUs, { self: peer, payload })])
  assert.equal(outcome(answered), 'self:payload-too-large')
  assert.equal(verdict, undefined)
})

test('keys that lead nowhere: a non-canonical encapsulation key, and points of small order in every place', async () => {
  const end = await makeEnd()
  const send = async (message: Uint8Array): Promise<string> => {
    const [theirs, ours] = rawPair()
    theirs.send(Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 0xff), message]))
    return outcome(await answer(end, ours))
  }
  const e = NATIVE.generateAgreementKey().publicKey
  const ek = NATIVE.generateDecapsulationKey().encapsulationKey
  // the first coefficient, 12 bits: 0xfff is above the modulus 3,329
  const beyond = Uint8Array.from(ek)
  beyond[0] = 0xff
  beyond[1] = (beyond[1] ?? 0) | 0x0f
  assert.equal(await send(Buffer.concat([e, beyond])), 'self:bad-encapsulation-key')
  assert.equal(await send(Buffer.concat([new Uint8Array(32), ek])), 'self:all-zero-secret')

  const [ours, theirs] = rawPair()
  theirs.addEventListener('message', () => {
    const messageB = new Uint8Array(32 + 1_104 + 48 + 100)
    theirs.send(Buffer.concat([Uint8Array.of(messageB.length >> 8, messageB.length & 0xff), messageB]))
  })
  assert.equal(outcome(await dial(end, ours)), 'self:all-zero-secret')

  const nowhere = { ...NATIVE.generateAgreementKey(), publicKey: new Uint8Array(32) }
  const [toUs, us] = rawPair()
  const [answered] = await Promise.all([answer(end, us), scriptedInitiator(toUs, { self: peer, staticKey: nowhere })])
  assert.equal(outcome(answered), 'self:all-zero-secret')
  const [mine, other] = rawPair()
  // its own arithmetic with that key does not matter: message B is sealed under `es` with our ephemeral, which is zero too
  const script = { self: peer, staticKey: { ...nowhere, agree: () => new Uint8Array(32) } }
  const [dialled] = await Promise.all([dial(end, mine), scriptedResponder(other, script)])
  assert.equal(outcome(dialled), 'self:all-zero-secret')
})

test('who has the classical key alone is not the peer: the x0 id that we know decides', async () => {
  const seed = new Uint8Array(32).fill(3)
  const victim = await makeEnd({
    identity: await nodeIdentityFromSeeds(NATIVE, { ed25519: seed, mldsa65: new Uint8Array(32).fill(4) }),
  })
  const thief = await makeEnd({
    identity: await nodeIdentityFromSeeds(NATIVE, { ed25519: seed, mldsa65: new Uint8Array(32).fill(5) }),
  })
  const end = await makeEnd()
  const connect = async (to: End): Promise<string> => {
    const [ours, theirs] = rawPair()
    const [dialled] = await Promise.all([dial(end, ours), answer(to, theirs)])
    return outcome(dialled)
  }
  assert.equal(await connect(victim), 'session')
  assert.equal(await connect(thief), 'self:pin-mismatch')
  assert.equal(await connect(victim), 'session')
})

test('interop: a peer without the extension is marked, unless its x0 id is known or expected', async () => {
  const profile = interopProfile('/noise-mlkem768-hfs/0.2.0')
  const end = await makeEnd({ profile })
  const script: Script = {
    self: peer,
    prologue: new Uint8Array(0),
    payload: ({ pqAuth: _none, ...classical }) => encodePayload({ ...classical, pqAuth: undefined }),
  }
  const connect = async (expectedX0Id?: string) => {
    const [ours, theirs] = rawPair()
    return (await Promise.all([dial(end, ours, { expectedX0Id }), scriptedResponder(theirs, script)]))[0]
  }
  const side = await connect()
  assert('session' in side)
  assert.equal(side.session.pqAuthenticated, false)
  assert.equal(side.session.suite, 'noise-xxhfs-mlkem768')
  assert.equal(side.session.remoteX0Id, undefined)
  assert.equal(end.context.pins.get(peer.identity.peerId), undefined)
  assert.equal(outcome(await connect('x0any')), 'self:missing-authentication')
  end.context.pins.state(peer.identity.peerId, 'x0known', 'bootstrap')
  assert.equal(outcome(await connect()), 'self:missing-authentication')
})

test('a peer that writes an unknown field into X0PqAuth is refused, in a real handshake too', async () => {
  const end = await makeEnd()
  const payload = ({ ed25519, identitySignature, pqAuth }: Honest): Uint8Array => {
    const extension = [
      numberField(1, 1),
      bytesField(2, pqAuth.mldsa65),
      bytesField(3, pqAuth.signature),
      ...pqAuth.securityProtocols.map((protocol) => textField(4, protocol)),
      bytesField(5, pqAuth.networkId),
      textField(7, ''),
    ]
    const key = Buffer.concat([Uint8Array.of(8, 1, 0x12, 0x20), ed25519])
    const inner = bytesField(1776, Buffer.concat(extension))
    return Buffer.concat([bytesField(1, key), bytesField(2, identitySignature), bytesField(4, inner)])
  }
  const [toUs, us] = rawPair()
  const [answered, verdict] = await Promise.all([answer(end, us), scriptedInitiator(toUs, { self: peer, payload })])
  assert.equal(outcome(answered), 'self:malformed-message')
  assert.deepEqual([...(verdict ?? [])], [1, 12])
})
