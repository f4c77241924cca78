import { stat } from 'node:fs/promises'
import { type AuditPage, type AuditVerification, verificationDocument } from '../admin/audit-documents.ts'
import { cryptoBackend } from '../crypto/select.ts'
import { IdentityError } from '../identity/identity-error.ts'
import { openKeyStore } from '../identity/key-store.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { predecessorOf } from '../node/access.ts'
import { systemRandom } from '../platform/random.ts'
import { type Home, openHome } from '../store/home.ts'
import { homePaths } from '../store/home-paths.ts'
import { AuditShelf } from '../trust/audit/audit-shelf.ts'
import { entryDocument, headDocument } from '../trust/audit/export-file.ts'
import { x0IdOfHead } from '../trust/audit/head.ts'
import { verifyTrail } from '../trust/audit/verify-trail.ts'
import type { ApiClient } from './api-client.ts'
import { noDaemon } from './daemon.ts'
import { CommandFailure } from './failure.ts'
import { runningNode } from './offline-home.ts'
import { knownPassphrase } from './passphrase.ts'
import { startFailure } from './start-failure.ts'
import type { Call } from './terminal.ts'

/** A node may follow 100,000 entries. */
const VERIFY_TIMEOUT_MS = 60_000

/** A trail, in a running node or in the home of one that does not run. */
export interface TrailSource {
  /** @param since undefined: the newest */
  page(since: number | undefined, limit: number): Promise<AuditPage>
  verify(): Promise<AuditVerification>
}

/** Runs `work` on the trail of the node that `call` is about. @throws CommandFailure */
export async function withTrail<T>(call: Call, work: (trail: TrailSource) => Promise<T>): Promise<T> {
  const client = await runningNode(call)
  if (client !== undefined) return await work(runningTrail(client))
  // a home that is not there must not be made by looking at it
  const isHome = await stat(homePaths(call.home).version).then(
    () => true,
    () => false,
  )
  if (!isHome) throw noDaemon(call, 'Nor is there a home of a node.')
  let home: Home
  try {
    home = await openHome(call.home)
  } catch (error) {
    throw startFailure(error)
  }
  try {
    return await work(keptTrail(call, home))
  } finally {
    await home.close()
  }
}

function runningTrail(client: ApiClient): TrailSource {
  return {
    page(since, limit) {
      const query = since === undefined ? '' : `since=${since}&`
      return client.document<AuditPage>('x0.audit/v1', { path: `/audit?${query}limit=${limit}` })
    },
    verify: () =>
      client.document<AuditVerification>('x0.audit-verification/v1', { path: '/audit/verify', timeoutMs: VERIFY_TIMEOUT_MS }),
  }
}

/** Changes nothing of the trail: evidence stays as it is. */
function keptTrail(call: Call, home: Home): TrailSource {
  const shelf = new AuditShelf(home.store)
  return {
    async page(since, limit) {
      const head = await shelf.head()
      if (head === undefined || head === 'damaged') {
        throw new CommandFailure('verificationFailed', `The home ${call.home} has no signed head of an audit trail.`, {
          hint: 'A trail begins with the first `x0 run`. `x0 audit verify` says more.',
        })
      }
      const from = since === undefined ? Math.max(head.first, head.count - limit + 1) : since + 1
      const entries = await shelf.page(from, limit)
      const x0Id = formatX0Id(x0IdOfHead(await cryptoBackend('native'), head))
      return { schema: 'x0.audit/v1', x0Id, head: headDocument(head), entries: entries.map(entryDocument) }
    },
    async verify() {
      const crypto = await cryptoBackend('native')
      return verificationDocument(await verifyTrail(crypto, await shelf.head(), shelf.entries(0), await ownIds(call, home)))
    },
  }
}

/** The x0 ids that may have signed: of the home's keys and of those before. Undefined where the keys are sealed and nothing opens them. */
async function ownIds(call: Call, home: Home): Promise<Uint8Array[] | undefined> {
  const crypto = await cryptoBackend('native')
  const keys = openKeyStore({ backend: crypto, random: systemRandom, home: home.paths.home })
  try {
    const identity = await keys.load(await knownPassphrase(call.terminal, undefined))
    const before = await predecessorOf({ home, crypto, identity })
    return before === undefined ? [identity.x0Id] : [identity.x0Id, before]
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    if (!call.quiet) {
      call.terminal.err(
        `Not compared with the keys of the home (${error.message}): look at the x0 id, or give it with --x0-id.\n`,
      )
    }
    return undefined
  }
}
