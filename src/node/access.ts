import { decodeSuccessor, verifySuccessor } from '../identity/rotation.ts'
import { auditReports } from '../observe/audit-reports.ts'
import { policyReports } from '../observe/policy-reports.ts'
import { AuditTrail } from '../trust/audit/audit-trail.ts'
import { PolicyGate } from '../trust/policy/gate.ts'
import { LivePolicy } from '../trust/policy/live-policy.ts'
import type { NodeParts } from './node-parts.ts'
import { keptSuccession } from './succession-shelf.ts'

/** Who may do what here, and the record of it. */
export interface Access {
  readonly audit: AuditTrail
  readonly policy: LivePolicy
  /** Where every part asks before it lets somebody do something. */
  readonly gate: PolicyGate
  stop(): Promise<void>
}

/**
 * Opens the audit trail and the policy of a home.
 * @throws StoreError where the disk fails
 */
export async function openAccess(parts: Omit<NodeParts, 'access'>): Promise<Access> {
  const { home, crypto, identity, clock, telemetry, loaded } = parts
  const predecessor = await predecessorOf(parts)
  const audit = await AuditTrail.open({
    store: home.store,
    backend: crypto,
    identity,
    clock,
    ...auditReports(telemetry),
    ...(predecessor === undefined ? {} : { predecessor }),
  })
  const { onChange, onDecision } = policyReports(telemetry, audit, clock)
  const named = loaded.config.policy.file
  const policy = await LivePolicy.open({ file: named ?? home.paths.policy, isNamed: named !== undefined, clock, onChange })
  return {
    audit,
    policy,
    gate: new PolicyGate({ policy, clock, onDecision }),
    async stop() {
      await policy.close()
      await audit.close()
    },
  }
}

/** The x0 id of the keys before these, 32 bytes, where both have signed that these follow: the trail goes on from what they signed. */
export async function predecessorOf({
  home,
  crypto,
  identity,
}: Pick<NodeParts, 'home' | 'crypto' | 'identity'>): Promise<Uint8Array | undefined> {
  const kept = await keptSuccession(home.store)
  if (kept === undefined) return undefined
  const statement = decodeSuccessor(crypto, kept)
  const follows = Buffer.compare(statement.newId, identity.x0Id) === 0 && (await verifySuccessor(crypto, statement))
  return follows ? statement.oldId : undefined
}
