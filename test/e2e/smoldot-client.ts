import { start } from 'smoldot'
import { chainSpec } from './chain-spec.ts'

/** A program, since smoldot's timers outlive it: node smoldot-client.ts ADDRESS. Prints what its network does, a line each. */
const [address = ''] = process.argv.slice(2)
/** The level of log in which smoldot names what its connections do. */
const DEBUG = 4
const client = start({
  maxLogLevel: DEBUG,
  forbidWs: true,
  forbidWss: true,
  forbidWebRtc: true,
  logCallback: (_level, target, message) => {
    if (target === 'network') process.stdout.write(`${message}\n`)
  },
})
await client.addChain({ chainSpec: chainSpec(address), disableJsonRpc: true })
