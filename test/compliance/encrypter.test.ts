import { after, before, describe, it } from 'node:test'
import type { PrivateKey } from '@libp2p/interface'
import { interopProfile, X0_PROFILE } from '../../src/channel/profile.ts'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { makeEnd } from '../channel/two-ends.ts'
import { NATIVE, PORTABLE } from '../crypto/backends.ts'

// the suite of libp2p takes these from the global scope, as mocha puts them there
Object.assign(globalThis, { describe, it, before, after })
const { default: complianceSuite } = await import('@libp2p/interface-compliance-tests/connection-encryption')

/** libp2p's form of an Ed25519 key holds its seed in the first 32 bytes. */
function seedOf(key: PrivateKey): Uint8Array {
  if (key.type !== 'Ed25519') throw new Error('the suite makes Ed25519 keys')
  return key.raw.subarray(0, 32)
}

for (const backend of [NATIVE, PORTABLE]) {
  for (const profile of [X0_PROFILE, interopProfile('/noise-mlkem768-hfs/0.2.0')]) {
    describe(`${backend.name} ${profile.protocol}`, () => {
      complianceSuite({
        async setup(args) {
          if (args === undefined) throw new Error('the suite names the key')
          const seeds = { ed25519: seedOf(args.privateKey), mldsa65: systemRandom.bytes(32) }
          const identity = await nodeIdentityFromSeeds(backend, seeds)
          const { encrypter } = await makeEnd({ backend, identity, profile })
          return encrypter
        },
        async teardown() {},
      })
    })
  }
}
