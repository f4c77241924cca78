import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

// A plain js-libp2p node with the services that an x0 node has: `plain-node.ts DIR [MULTIADDR...]`. It writes DIR/api.json
// when it listens, as `x0 run` does, and the number of its peers to DIR/peers. It ends on SIGTERM or with its parent.

const [home = '.', ...bootstrap] = process.argv.slice(2)

/** Whole or not at all: the benchmark polls for these files. */
async function put(name: string, text: string): Promise<void> {
  await writeFile(join(home, `${name}.new`), text)
  await rename(join(home, `${name}.new`), join(home, name))
}

process.on('disconnect', () => process.exit(0))
const host = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify(),
    identifyPush: identifyPush(),
    ping: ping(),
    // a server that keeps private addresses, as on the other side: the defaults would leave the table empty here
    dht: kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper }),
    gossip: gossipsub(),
  },
})
host.services.gossip.subscribe('x0-bench')
const countPeers = (): void => {
  put('peers', String(host.getPeers().length)).catch((error: Error) => process.stderr.write(`${error.message}\n`))
}
const addresses = host.getMultiaddrs().map(String)
await put('api.json', JSON.stringify({ pid: process.pid, admin: null, addresses, bootstrap: addresses }))
for (const address of bootstrap) await host.dial(multiaddr(address))
setInterval(countPeers, 250)
