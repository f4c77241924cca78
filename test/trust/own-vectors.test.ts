import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { decodeCredential } from '../../src/trust/credential.ts'
import { decodeGenesis, makeGenesis } from '../../src/trust/genesis.ts'
import { formatInvite, parseInvite } from '../../src/trust/invite.ts'
import { decodeJoinAnswer } from '../../src/trust/join-answer.ts'
import { decodeJoinRequest } from '../../src/trust/join-request.ts'
import { Membership } from '../../src/trust/membership.ts'
import { decodeRevocation } from '../../src/trust/revocation.ts'
import { tokenId, tokenIdOfSecret, verifyRedemption } from '../../src/trust/token.ts'
import { onBoth } from '../crypto/backends.ts'
import { hex, toHex } from '../crypto/published-vectors.ts'

interface Seeds {
  ed25519: string
  mldsa65: string
}

interface Case {
  founderSeeds: Seeds
  nodeSeeds: Seeds
  genesis: string
  networkId: string
  name: string
  admission: string
  credential: string
  credentialName: string
  credentialGroups: string[]
  revocation: string
  revocationId: string
  revocationReason: string
  digest: string
  invite: string
  secret: string
  tokenId: string
  redeemName: string
  redeem: string
  admitted: string
}

const file: { schema: string; cases: Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/trust.json', import.meta.url), 'utf8'),
)

onBoth('own vectors: genesis, credential, revocation, invite and join messages', async (backend) => {
  assert.equal(file.schema, 'x0.vectors.trust/v1')
  assert.equal(file.cases.length, 2)
  for (const given of file.cases) {
    const identityOf = ({ ed25519, mldsa65 }: Seeds) =>
      nodeIdentityFromSeeds(backend, { ed25519: hex(ed25519), mldsa65: hex(mldsa65) })
    const [founder, node] = await Promise.all([identityOf(given.founderSeeds), identityOf(given.nodeSeeds)])
    const genesis = decodeGenesis(backend, hex(given.genesis))
    assert.deepEqual([toHex(genesis.id), genesis.name, genesis.admission], [given.networkId, given.name, given.admission])
    assert.equal(toHex(makeGenesis(backend, genesis).bytes), given.genesis)
    assert.equal(toHex(genesis.founders[0]?.mldsa65 ?? new Uint8Array()), toHex(founder.mldsa65))

    const credential = decodeCredential(hex(given.credential))
    const members = new Membership({ backend, genesis })
    const judged = members.judge({ x0Id: node.x0Id, credential: credential.bytes }, credential.notBefore)
    assert.ok('standing' in judged)
    assert.deepEqual([judged.standing.name, judged.standing.groups], [given.credentialName, [...given.credentialGroups].sort()])

    const revocation = decodeRevocation(backend, hex(given.revocation))
    assert.deepEqual([toHex(revocation.id), revocation.reason], [given.revocationId, given.revocationReason])
    assert.equal((await members.take(revocation.bytes)).verdict, 'new')
    assert.equal(toHex(members.digest()), given.digest)

    const invite = parseInvite(given.invite)
    assert.equal(formatInvite(invite), given.invite)
    assert.deepEqual([toHex(invite.secret), toHex(invite.networkId)], [given.secret, given.networkId])
    assert.equal(toHex(tokenIdOfSecret(backend, invite.secret)), given.tokenId)

    const redeem = decodeJoinRequest(backend, hex(given.redeem))
    assert.ok(redeem.kind === 'redeem')
    assert.deepEqual([redeem.name, toHex(redeem.applicantId)], [given.redeemName, toHex(node.x0Id)])
    assert.equal(toHex(tokenId(backend, redeem.tokenKey)), given.tokenId)
    assert.equal(await verifyRedemption(backend, redeem), true)

    const admitted = decodeJoinAnswer(hex(given.admitted))
    assert.ok(admitted.kind === 'admitted' && admitted.credential !== undefined)
    assert.deepEqual([toHex(admitted.genesis), toHex(admitted.credential)], [given.genesis, given.credential])
  }
})
