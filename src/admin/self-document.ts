import type { CryptoBackend } from '../crypto/backend.ts'
import type { Host } from '../host/libp2p-host.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Self } from './documents.ts'

export interface SelfSources {
  readonly host: Pick<Host, 'getMultiaddrs' | 'getProtocols'>
  readonly version: string
  readonly identity: NodeIdentity
  /** Text form. */
  readonly x0Id: string
  readonly backend: CryptoBackend['name']
  readonly networkId: Uint8Array
  readonly home: string
}

/** GET /mesh/self: who this node is and how others reach it. */
export function selfDocument(sources: SelfSources): Self {
  const { identity, host } = sources
  const addresses = host.getMultiaddrs().map(String)
  return {
    schema: 'x0.self/v1',
    version: sources.version,
    peerId: identity.peerId,
    x0Id: sources.x0Id,
    ed25519PublicKey: Buffer.from(identity.ed25519).toString('base64'),
    mldsa65PublicKey: Buffer.from(identity.mldsa65).toString('base64'),
    networkId: Buffer.from(sources.networkId).toString('hex'),
    addresses,
    bootstrap: addresses.map((address) => `${address}#${sources.x0Id}`),
    protocols: host.getProtocols(),
    backend: sources.backend,
    home: sources.home,
    pid: process.pid,
  }
}
