/*
 * Writes the vectors of networks: node bin/node scripts/make-trust-vectors.ts [FOLDER]. See test/vectors/README.md.
 * The native backend makes everything from counting seeds. Hedged signatures differ from run to run; the old vectors stay
 * valid.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nativeBackend } from '../src/crypto/native.ts'
import { nodeIdentityFromSeeds } from '../src/identity/node-identity.ts'
import { redeemRequest } from '../src/trust/applicant.ts'
import { issueCredential } from '../src/trust/credential.ts'
import { makeGenesis } from '../src/trust/genesis.ts'
import { formatInvite } from '../src/trust/invite.ts'
import { encodeJoinAnswer } from '../src/trust/join-answer.ts'
import { Membership } from '../src/trust/membership.ts'
import { signRevocation } from '../src/trust/revocation.ts'
import { tokenIdOfSecret } from '../src/trust/token.ts'

const backend = nativeBackend()

/** `length` bytes that count up from `start`. */
function counting(length: number, start: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (start + index) & 0xff)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

async function network(n: number): Promise<Record<string, unknown>> {
  const seeds = (start: number) => ({ ed25519: counting(32, start), mldsa65: counting(32, start + 1) })
  const [founder, node] = await Promise.all([seeds(10 * n), seeds(10 * n + 5)].map((own) => nodeIdentityFromSeeds(backend, own)))
  if (founder === undefined || node === undefined) throw new Error('two identities')
  const createdAt = 1_780_000_000_000 + n
  const genesis = makeGenesis(backend, {
    name: n === 0 ? 'a' : `fleet-${n}.example`,
    createdAt,
    nonce: counting(32, n),
    admission: n === 0 ? 'open' : 'sponsor',
    founders: [
      { name: 'anna', ed25519: founder.ed25519, mldsa65: founder.mldsa65, weight: n + 1, groups: n === 0 ? [] : ['ops', 'lab'] },
    ],
  })
  const credential = await issueCredential(founder, {
    networkId: genesis.id,
    serial: counting(16, n),
    subject: node.x0Id,
    notBefore: createdAt,
    notAfter: createdAt + 86_400_000,
    name: `node-${n}`,
    groups: n === 0 ? [] : ['edge', 'cameras'],
  })
  const reason = n === 0 ? '' : 'verloren in Zürich'
  const revocation = await signRevocation(founder, { networkId: genesis.id, subject: node.x0Id, at: createdAt, reason })
  const secret = counting(32, 100 + n)
  const line = formatInvite({
    networkId: genesis.id,
    networkName: genesis.name,
    issuer: founder.x0Id,
    secret,
    expiresAt: 1_780_003_600_000,
    doors: [
      { address: '/ip4/192.0.2.1/tcp/4001', x0Id: founder.x0Id },
      { address: '/dns4/door.example/tcp/4001', x0Id: node.x0Id },
    ],
  })
  const invite = { networkId: genesis.id, issuer: founder.x0Id, secret }
  const answer = { kind: 'admitted', issuer: founder.x0Id, genesis: genesis.bytes, credential: credential.bytes } as const
  return {
    founderSeeds: { ed25519: hex(seeds(10 * n).ed25519), mldsa65: hex(seeds(10 * n).mldsa65) },
    nodeSeeds: { ed25519: hex(seeds(10 * n + 5).ed25519), mldsa65: hex(seeds(10 * n + 5).mldsa65) },
    genesis: hex(genesis.bytes),
    networkId: hex(genesis.id),
    name: genesis.name,
    admission: genesis.admission,
    credential: hex(credential.bytes),
    credentialName: credential.name,
    credentialGroups: credential.groups,
    revocation: hex(revocation.bytes),
    revocationId: hex(revocation.id),
    revocationReason: reason,
    digest: hex(new Membership({ backend, genesis, revocations: [revocation] }).digest()),
    invite: line,
    secret: hex(secret),
    tokenId: hex(tokenIdOfSecret(backend, secret)),
    redeemName: `node-${n}`,
    redeem: hex(await redeemRequest(backend, node, invite, `node-${n}`)),
    admitted: hex(encodeJoinAnswer(answer)),
  }
}

const folder = process.argv[2] ?? fileURLToPath(new URL('../test/vectors', import.meta.url))
await mkdir(folder, { recursive: true })
const cases = await Promise.all([0, 1].map(network))
await writeFile(join(folder, 'trust.json'), `${JSON.stringify({ schema: 'x0.vectors.trust/v1', cases }, null, 2)}\n`)
