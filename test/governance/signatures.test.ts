import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { compositePublicKey } from '../../src/crypto/composite.ts'
import { signAcceptance } from '../../src/governance/acceptance.ts'
import { NO_BALLOTS, type SignatureCheck } from '../../src/governance/ballot-state.ts'
import { ballotStep } from '../../src/governance/ballot-step.ts'
import { signCancel } from '../../src/governance/cancel.ts'
import { type ElectorateSnapshot, makeElectorate } from '../../src/governance/electorate.ts'
import { GovernanceError } from '../../src/governance/governance-error.ts'
import { KeyRing } from '../../src/governance/key-ring.ts'
import { type Proposal, signProposal } from '../../src/governance/proposal.ts'
import { contextOf, decodeSigned, type SignedObject } from '../../src/governance/signed-object.ts'
import { signVote } from '../../src/governance/vote.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { NATIVE, PAIRS } from '../crypto/backends.ts'
import { logOf, NETWORK, proposalContent, T } from './members.ts'

let members: NodeIdentity[] = []
let electorate: ElectorateSnapshot
let proposal: Proposal
let objects: Record<SignedObject['type'], SignedObject>

const identity = (index: number): NodeIdentity => {
  const member = members[index]
  assert.ok(member)
  return member
}
const keyOf = (index: number): Uint8Array => compositePublicKey(identity(index))

before(async () => {
  members = await Promise.all([0, 1, 2].map(() => generateNodeIdentity(NATIVE, systemRandom)))
  electorate = makeElectorate(
    NATIVE,
    members.map((member, index) => ({ index, x0Id: member.x0Id, key: compositePublicKey(member), weight: 1 })),
  )
  proposal = await signProposal(NATIVE, identity(0), proposalContent(electorate))
  const about = { networkId: NETWORK, proposalId: proposal.id }
  const vote = await signVote(NATIVE, identity(1), { ...about, voter: 1, revision: 0, choice: { form: 'yes' } })
  objects = { proposal, vote, cancel: await signCancel(NATIVE, identity(0), { ...about, author: 0 }) }
})

/** What the store would have checked of these bytes; undefined where they are refused before. */
function checksOf(bytes: Uint8Array): readonly SignatureCheck[] | undefined {
  try {
    const object = decodeSigned(NATIVE, bytes)
    const known =
      object.type === 'proposal'
        ? NO_BALLOTS
        : ballotStep(NATIVE, NO_BALLOTS, { type: 'restored', object: proposal }, logOf({ electorate }), T).state
    const { effects } = ballotStep(NATIVE, known, { type: 'received', object, from: 'peer' }, logOf({ electorate }), T)
    const check = effects.find((effect) => effect.type === 'check')
    return check?.type === 'check' ? check.checks : undefined
  } catch (error) {
    if (error instanceof GovernanceError) return undefined
    throw error
  }
}

for (const type of ['proposal', 'vote', 'cancel'] as const) {
  test(`no changed byte of a ${type} passes: it is refused in form, by the store, or in signature`, async (t) => {
    const ring = new KeyRing(NATIVE)
    const { bytes } = objects[type]
    assert.equal(await ring.holds(checksOf(bytes) ?? []), true)
    let checked = 0
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at & 7))
      const checks = checksOf(changed)
      if (checks === undefined) continue
      checked += 1
      assert.equal(await ring.holds(checks), false, `byte ${at}`)
    }
    assert.ok(checked >= 3_373, 'every byte of the signature was tried')
    t.diagnostic(`${bytes.length} bytes, ${checked} went as far as the signature`)
  })
}

for (const [maker, checker] of PAIRS) {
  test(`${maker.name} -> ${checker.name}: what one backend signs the other checks`, async () => {
    const signer = await generateNodeIdentity(maker, systemRandom)
    const content = { networkId: NETWORK, proposalId: proposal.id, voter: 1, revision: 2, choice: { form: 'veto' } } as const
    const vote = await signVote(maker, signer, content)
    const read = decodeSigned(checker, vote.bytes)
    assert.deepEqual(read.id, vote.id)
    const check = { keys: [compositePublicKey(signer)], message: read.body, signature: read.signature, context: contextOf(read) }
    assert.equal(await new KeyRing(checker).holds([check]), true)
  })
}

test('a signature holds for its own kind of object, key and context alone', async () => {
  const ring = new KeyRing(NATIVE)
  const { body: message, signature } = objects.vote
  const check = { keys: [keyOf(1)], message, signature, context: contextOf(objects.vote) }
  assert.equal(await ring.holds([check]), true)
  assert.equal(await ring.holds([{ ...check, keys: [keyOf(0)] }]), false)
  assert.equal(await ring.holds([{ ...check, keys: [keyOf(0), keyOf(1)] }]), true, 'any of the keys of a member')
  for (const other of [objects.proposal, objects.cancel]) {
    assert.equal(await ring.holds([{ ...check, context: contextOf(other) }]), false)
  }
  assert.equal(await ring.holds([check, { ...check, keys: [] }]), false, 'all of the checks')
  assert.equal(
    await ring.holds([{ ...check, keys: [new Uint8Array(1_983), keyOf(1)] }]),
    true,
    'a key that is none holds nothing',
  )
})

test('new attesters: the proposal passes with their signed acceptance, and not with that of another weight, slot or member', async () => {
  const ring = new KeyRing(NATIVE)
  const acceptance = { networkId: NETWORK, index: 2, weight: 5, author: 0, slot: 2 }
  const elect = async (signed: Partial<typeof acceptance>, signer = 2): Promise<boolean> => {
    const signature = await signAcceptance(identity(signer), { ...acceptance, ...signed })
    const effects = [{ kind: 'elect-attesters', add: [{ index: 2, weight: 5, acceptance: signature }], remove: [] }] as const
    const content = proposalContent(electorate, { slot: 2, question: { kind: 'yes-no', effects } })
    const checks = checksOf((await signProposal(NATIVE, identity(0), content)).bytes)
    assert.equal(checks?.length, 2)
    return ring.holds(checks ?? [])
  }
  assert.equal(await elect({}), true)
  for (const wrong of [{ weight: 6 }, { slot: 3 }, { author: 1 }, { index: 1 }, { networkId: new Uint8Array(32) }]) {
    assert.equal(await elect(wrong), false, Object.keys(wrong)[0])
  }
  assert.equal(await elect({}, 1), false)
})

test('imported keys are kept, and no more than the limit', async () => {
  const ring = new KeyRing(NATIVE, 2)
  const { body: message, signature } = objects.vote
  for (const index of [0, 1, 2, 1]) {
    await ring.holds([{ keys: [keyOf(index)], message, signature, context: contextOf(objects.vote) }])
    assert.ok(ring.size <= 2)
  }
  assert.equal(ring.size, 2)
})

test('a fault that is no key is not taken for a forged signature', async () => {
  const broken = { ...NATIVE, importMlDsa65Public: () => assert.fail('out of memory') }
  const { body: message, signature } = objects.vote
  await assert.rejects(
    new KeyRing(broken).holds([{ keys: [keyOf(1)], message, signature, context: contextOf(objects.vote) }]),
    /out of memory/,
  )
})
