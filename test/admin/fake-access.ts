import type { AuditView } from '../../src/admin/audit-view.ts'
import type { PolicyView } from '../../src/admin/policy-view.ts'
import type { SealedEntry } from '../../src/trust/audit/entry.ts'
import { Budgets } from '../../src/trust/policy/budgets.ts'
import { CompiledPolicy } from '../../src/trust/policy/compile.ts'
import { explain } from '../../src/trust/policy/explain.ts'
import { readPolicy } from '../../src/trust/policy/read-document.ts'

const HASH = '7'.repeat(64)

const POLICY = `
version: 1
rules:
  - name: ops-ssh
    effect: allow
    from: [group:ops]
    to: ["spiffe://fleet/node/db-*"]
    actions: [connect:ssh]
    when: { days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00" }
    rate: { per: minute, limit: 60 }
  - { name: nobody-relays, priority: 5, effect: deny, from: [any], actions: [relay] }
`

/** The rules above, in force for ever. */
export function fakePolicy(): PolicyView {
  const document = readPolicy(POLICY, 'policy.yaml')
  const compiled = new CompiledPolicy(document)
  return {
    file: '/nonexistent/policy.yaml',
    current: () => ({ document, compiled, hash: HASH, since: 0 }),
    explain: (wish, at) => explain(compiled, { ...wish, at }, new Budgets(), 0),
  }
}

/** A trail of one entry that nobody has signed for in earnest. */
export function fakeAudit(): AuditView {
  const entry: SealedEntry = {
    n: 1,
    at: 0,
    kind: 'audit.began',
    data: {},
    previous: new Uint8Array(32),
    hash: new Uint8Array(32).fill(1),
  }
  return {
    x0Id: HASH,
    head: {
      first: 1,
      anchor: new Uint8Array(32),
      count: 1,
      hash: entry.hash,
      at: 0,
      publicKey: new Uint8Array(1_984),
      signature: new Uint8Array(3_373),
    },
    flush: async () => undefined,
    page: async () => [entry],
    verify: async () => ({ problem: undefined, entries: 1, first: 1, last: 1, unsigned: 0, x0Id: undefined, signedAt: 0 }),
  }
}
