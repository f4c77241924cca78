import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { compositePublicKey } from '../../src/crypto/composite.ts'
import { ACCEPTANCE_CONTEXT, acceptanceBody } from '../../src/governance/acceptance.ts'
import { BallotSet } from '../../src/governance/ballot-set.ts'
import { cancelBody } from '../../src/governance/cancel.ts'
import { decodeElectorate, encodeElectorate } from '../../src/governance/electorate.ts'
import { KeyRing } from '../../src/governance/key-ring.ts'
import { proposalBody } from '../../src/governance/proposal.ts'
import { allEffects } from '../../src/governance/question.ts'
import { contextOf, decodeSigned, type SignedObject, signerIndex } from '../../src/governance/signed-object.ts'
import { tally } from '../../src/governance/tally.ts'
import { decodeTally, encodeTally } from '../../src/governance/tally-form.ts'
import { type Vote, voteBody } from '../../src/governance/vote.ts'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { onBoth } from '../crypto/backends.ts'
import { hex, toHex } from '../crypto/published-vectors.ts'

interface Signed {
  id: string
  bytes: string
}

interface Scene {
  name: string
  proposal: Signed
  votes: (Signed & { voter: number })[]
  cancel: Signed & { counts: boolean }
  root: string
  outcome: string
  winner: number | null
  tally: string
}

const file: {
  schema: string
  networkId: string
  members: { ed25519: string; mldsa65: string }[]
  electorate: { bytes: string; root: string }
  scenes: Scene[]
} = JSON.parse(readFileSync(new URL('../vectors/governance.json', import.meta.url), 'utf8'))

function bodyOf(object: SignedObject): Uint8Array {
  if (object.type === 'proposal') return proposalBody(object)
  return object.type === 'vote' ? voteBody(object) : cancelBody(object)
}

onBoth('own vectors: an electorate, what its members signed, the roots of their ballots and the tallies', async (backend) => {
  assert.equal(file.schema, 'x0.vectors.governance/v1')
  const electorate = decodeElectorate(backend, hex(file.electorate.bytes))
  assert.equal(toHex(electorate.root), file.electorate.root)
  assert.equal(toHex(encodeElectorate(electorate.voters)), file.electorate.bytes)
  for (const [index, seeds] of file.members.entries()) {
    const member = await nodeIdentityFromSeeds(backend, { ed25519: hex(seeds.ed25519), mldsa65: hex(seeds.mldsa65) })
    assert.equal(toHex(electorate.voters[index]?.key ?? hex('')), toHex(compositePublicKey(member)))
    assert.equal(toHex(electorate.voters[index]?.x0Id ?? hex('')), toHex(member.x0Id))
  }

  const ring = new KeyRing(backend)
  const keysOf = (index: number) => electorate.voters.filter((voter) => voter.index === index).map(({ key }) => key)
  const read = async (signed: Signed): Promise<SignedObject> => {
    const object = decodeSigned(backend, hex(signed.bytes))
    assert.deepEqual([toHex(object.id), toHex(object.networkId)], [signed.id, file.networkId])
    assert.equal(toHex(bodyOf(object)), toHex(object.body))
    const { body: message, signature } = object
    assert.equal(await ring.holds([{ keys: keysOf(signerIndex(object)), message, signature, context: contextOf(object) }]), true)
    return object
  }

  // by hand: of the quadratic one a has 3 * 7, b 2 * 9, c 3 * 7 + 1 * 1
  assert.deepEqual(
    file.scenes.map(({ outcome, winner }) => [outcome, winner]),
    [
      ['passed', null],
      ['passed', 1],
      ['cancelled', null],
      ['passed', 2],
    ],
  )
  for (const scene of file.scenes) {
    const proposal = await read(scene.proposal)
    assert.ok(proposal.type === 'proposal' && proposal.title === scene.name)
    for (const effect of allEffects(proposal.question)) {
      if (effect.kind !== 'elect-attesters') continue
      for (const { index, weight, acceptance } of effect.add) {
        const { networkId, author, slot } = proposal
        const message = acceptanceBody({ networkId, index, weight, author, slot })
        assert.equal(
          await ring.holds([{ keys: keysOf(index), message, signature: acceptance, context: ACCEPTANCE_CONTEXT }]),
          true,
        )
      }
    }
    const cancel = await read(scene.cancel)
    assert.ok(cancel.type === 'cancel' && toHex(cancel.proposalId) === scene.proposal.id)
    let ballots = BallotSet.empty<Vote>(backend, proposal, electorate.voters.length)
    // in the opposite order of the one that they were counted in
    for (const signed of scene.votes.toReversed()) {
      const vote = await read(signed)
      assert.ok(vote.type === 'vote' && vote.voter === signed.voter)
      ballots = ballots.with(vote.voter, vote)
    }
    if (scene.cancel.counts) ballots = ballots.withCancel()
    assert.equal(toHex(ballots.root()), scene.root)
    const counted = tally(proposal, electorate, ballots, () => false)
    assert.equal(toHex(encodeTally(counted)), scene.tally)
    assert.deepEqual([counted.outcome, counted.winner ?? null], [scene.outcome, scene.winner])
    assert.equal(decodeTally(hex(scene.tally)).outcome, scene.outcome)
  }
})
