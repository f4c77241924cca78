import { cryptoBackend } from '../../src/crypto/select.ts'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openHome } from '../../src/store/home.ts'
import { AuditTrail } from '../../src/trust/audit/audit-trail.ts'

// Records for ever in the home named on the command line, one line for each entry that the store has taken, until it is killed.
const backend = await cryptoBackend('native')
const seed = new Uint8Array(32).fill(7)
const identity = await nodeIdentityFromSeeds(backend, { ed25519: seed, mldsa65: seed })
const home = await openHome(process.argv[2] ?? '')
const trail = await AuditTrail.open({
  store: home.store,
  backend,
  identity,
  clock: systemClock,
  onDamaged: ({ message }) => process.stdout.write(`damaged: ${message}\n`),
  onError: (error) => process.stdout.write(`failed: ${String(error)}\n`),
  bounds: { entries: 300, pruned: 100 },
})
let index = 0
for (;;) {
  index += 1
  trail.record('invite.made', { index })
  // signed more often than once a second, so that a kill meets heads and prunings too
  if (index % 40 === 0) await trail.flush()
  const [last] = await trail.page((trail.head?.count ?? 0) + 1, 1)
  process.stdout.write(`${last?.n ?? trail.head?.count}\n`)
}
