/** A named check as it stands: what is asked, the answer, and a sentence for the operator. */
interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

export interface NamedCheck {
  readonly name: string
  /** A failed critical check makes the node not ready; another only degrades it. */
  readonly critical: boolean
  /** Quick and without I/O: called by every probe. */
  readonly run: () => Omit<CheckResult, 'name'>
}

export type Phase = 'starting' | 'running' | 'draining'

/** The pieces of the health document, and the answers to the probes. */
export interface HealthState {
  readonly status: 'ok' | 'starting' | 'degraded' | 'draining'
  readonly ready: boolean
  readonly checks: readonly CheckResult[]
}

/**
 * Asks every check. Ready means running with every critical check passed; `degraded` means that some check failed. A
 * check that throws has failed: its message becomes the detail.
 */
export function assessHealth(phase: Phase, checks: readonly NamedCheck[]): HealthState {
  const results = checks.map((check) => ({ name: check.name, ...ask(check) }))
  const criticalPassed = checks.every((check, at) => !check.critical || results[at]?.ok === true)
  const allPassed = results.every((result) => result.ok)
  const running = allPassed ? 'ok' : 'degraded'
  return { status: phase === 'running' ? running : phase, ready: phase === 'running' && criticalPassed, checks: results }
}

function ask(check: NamedCheck): Omit<CheckResult, 'name'> {
  try {
    return check.run()
  } catch (cause) {
    return { ok: false, detail: cause instanceof Error ? cause.message : 'the check itself failed' }
  }
}
