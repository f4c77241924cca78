import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { decodeSuccessor, encodeSuccessor, verifySuccessor } from '../../src/identity/rotation.ts'
import { formatX0Id, parseX0Id } from '../../src/identity/x0-id.ts'
import { onBoth } from '../crypto/backends.ts'
import { hex, toHex } from '../crypto/published-vectors.ts'

interface Seeds {
  ed25519: string
  mldsa65: string
}

interface Case {
  seeds: Seeds
  ed25519: string
  mldsa65: string
  x0Id: string
  x0IdText: string
  peerId: string
  successor: { seeds: Seeds; x0IdText: string; sequence: number; statement: string }
}

const file: { schema: string; cases: Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/identity.json', import.meta.url), 'utf8'),
)

onBoth('own vectors: names and successor statements', async (backend) => {
  assert.equal(file.schema, 'x0.vectors.identity/v1')
  assert.equal(file.cases.length, 4)
  for (const { seeds, successor, ...names } of file.cases) {
    const identity = await nodeIdentityFromSeeds(backend, { ed25519: hex(seeds.ed25519), mldsa65: hex(seeds.mldsa65) })
    assert.deepEqual(
      {
        ed25519: toHex(identity.ed25519),
        mldsa65: toHex(identity.mldsa65),
        x0Id: toHex(identity.x0Id),
        x0IdText: formatX0Id(identity.x0Id),
        peerId: identity.peerId,
      },
      names,
    )
    const statement = decodeSuccessor(backend, hex(successor.statement))
    assert.equal(await verifySuccessor(backend, statement), true)
    assert.equal(toHex(encodeSuccessor(statement)), successor.statement)
    assert.equal(statement.sequence, successor.sequence)
    assert.equal(formatX0Id(statement.oldId), names.x0IdText)
    assert.deepEqual(statement.newId, parseX0Id(successor.x0IdText))
    const next = { ed25519: hex(successor.seeds.ed25519), mldsa65: hex(successor.seeds.mldsa65) }
    assert.equal(formatX0Id((await nodeIdentityFromSeeds(backend, next)).x0Id), successor.x0IdText)
  }
})
