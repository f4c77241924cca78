import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KnownKeys } from '../../src/channel/known-keys.ts'
import { MAX_KNOWN_KEYS } from '../../src/channel/limits.ts'
import { encodePayload } from '../../src/channel/payload.ts'
import { NATIVE, onBoth } from '../crypto/backends.ts'
import { answer, dial, outcome } from './meeting.ts'
import { flipped } from './middle.ts'
import { type Script, scriptedInitiator, scriptedResponder } from './scripted.ts'
import { type End, makeEnd, rawPair } from './two-ends.ts'

/** One handshake with a scripted peer, in the role that `end` has. */
async function connect(end: End, role: 'initiator' | 'responder', script: Script): Promise<string> {
  const [dialling, answering] = rawPair()
  if (role === 'responder') {
    const [side] = await Promise.all([answer(end, answering), scriptedInitiator(dialling, script)])
    return outcome(side)
  }
  // without a verdict the dialler's session ends unproved, but B has been judged by then
  const [side] = await Promise.all([dial(end, dialling), scriptedResponder(answering, script)])
  return outcome(side)
}

for (const role of ['initiator', 'responder'] as const) {
  onBoth(`${role}: a peer met before is checked like any other, whatever is remembered of it`, async (backend) => {
    const end = await makeEnd({ backend })
    const self = await makeEnd({ backend })
    const good = role === 'initiator' ? 'self:no-verdict' : 'session'
    const staticKey = backend.generateAgreementKey()
    const other = backend.generateAgreementKey()
    let first: Uint8Array | undefined
    const watching: Script = {
      self,
      staticKey,
      payload: (honest) => {
        first ??= honest.identitySignature
        return encodePayload(honest)
      },
    }
    for (let time = 0; time < 2; time += 1) assert.equal(await connect(end, role, watching), good)
    assert(first !== undefined)
    assert(end.context.known.get(self.identity.x0Id) !== undefined)

    const recorded = first
    const cases: readonly (readonly [string, Script, string])[] = [
      [
        'another signature over the same static key',
        { self, staticKey, payload: (h) => encodePayload({ ...h, identitySignature: flipped(recorded, 3) }) },
        'self:bad-identity-signature',
      ],
      [
        'the remembered signature with another static key',
        { self, staticKey: other, payload: (h) => encodePayload({ ...h, identitySignature: recorded }) },
        'self:bad-identity-signature',
      ],
      ['a proof of another transcript', { self, staticKey, hash: (h) => flipped(h, 0) }, 'self:bad-composite-signature'],
    ]
    for (const [what, script, expected] of cases) assert.equal(await connect(end, role, script), expected, what)
    // a new process of the same peer has a new static key
    assert.equal(await connect(end, role, { self, staticKey: other }), good)
    assert.equal(await connect(end, role, { self, staticKey }), good)
  })
}

test('a peer that proves nothing is not remembered', async () => {
  const [end, self, victim] = [await makeEnd(), await makeEnd(), await makeEnd()]
  const script: Script = {
    self,
    payload: (h) =>
      encodePayload({
        ...h,
        ed25519: victim.identity.ed25519,
        pqAuth: { ...h.pqAuth, mldsa65: victim.identity.mldsa65 },
      }),
  }
  assert.equal(await connect(end, 'responder', script), 'self:bad-identity-signature')
  assert.equal(end.context.known.get(victim.identity.x0Id), undefined)
  assert.equal(end.context.known.get(self.identity.x0Id), undefined)
})

test('as many peers are remembered as the limit says, the one met longest ago goes first', () => {
  const known = new KnownKeys()
  const name = (index: number) => Uint8Array.of(index >> 8, index & 255)
  const ed25519 = NATIVE.importEd25519Public(NATIVE.generateEd25519().publicKey)
  const mldsa65 = NATIVE.importMlDsa65Public(NATIVE.generateMlDsa65().publicKey)
  const keys = { ed25519, mldsa65, staticKey: new Uint8Array(32), identitySignature: new Uint8Array(64) }
  for (let peer = 0; peer < MAX_KNOWN_KEYS; peer += 1) known.remember(name(peer), keys)
  known.remember(name(0), keys)
  known.remember(name(MAX_KNOWN_KEYS), keys)
  assert.equal(known.get(name(1)), undefined)
  for (const kept of [0, 2, MAX_KNOWN_KEYS]) assert.equal(known.get(name(kept)), keys)
})
