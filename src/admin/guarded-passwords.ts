import type { FastifyRequest } from 'fastify'
import { Sparing } from '../observe/sparing.ts'
import type { Account } from '../trust/accounts/account.ts'
import { AccountError } from '../trust/accounts/account-error.ts'
import { emailKey } from '../trust/accounts/email.ts'
import type { AdminContext } from './admin-context.ts'
import type { LoginGuard } from './login-guard.ts'
import { ApiProblem } from './problem.ts'

/** Lets passwords be looked at no oftener than the guard allows, counts what came of it, and tells it sparingly. */
export class GuardedPasswords {
  readonly #context: AdminContext
  readonly #guard: LoginGuard
  readonly #sparing: Sparing

  constructor(context: AdminContext, guard: LoginGuard) {
    this.#context = context
    this.#guard = guard
    this.#sparing = new Sparing(context.clock)
  }

  /** Runs `look`, which checks the password of `email`. @throws ApiProblem login-limited; what `look` throws */
  async shown<Result>(
    request: FastifyRequest,
    email: string,
    account: Account | undefined,
    look: () => Promise<Result>,
  ): Promise<Result> {
    const { logins } = this.#context.node.metrics
    const [client, key] = [this.#context.clientOf(request), emailKey(email) ?? '']
    const waitMs = this.#guard.take(client, key)
    if (waitMs > 0) {
      logins.inc({ result: 'limited' })
      this.#tell('login.locked', request, account)
      const wait = String(Math.ceil(waitMs / 1000))
      throw new ApiProblem('login-limited', 'no password is looked at for a while; a right one neither', { 'retry-after': wait })
    }
    try {
      const result = await look()
      this.#guard.giveBack(client, key)
      this.#guard.remember(client, key)
      logins.inc({ result: 'succeeded' })
      return result
    } catch (error) {
      if (error instanceof AccountError && error.code === 'login-failed') {
        logins.inc({ result: 'failed' })
        this.#tell('login.failed', request, account)
      } else {
        this.#guard.giveBack(client, key)
        if (error instanceof AccountError && error.code === 'hashing-busy') logins.inc({ result: 'busy' })
      }
      throw error
    }
  }

  #tell(type: 'login.failed' | 'login.locked', request: FastifyRequest, account: Account | undefined): void {
    const times = this.#sparing.next(type)
    if (times === undefined) return
    const address = this.#context.isUnix(request) ? 'unix socket' : request.ip
    this.#context.report({ type, level: 'warn', data: { account: account?.id ?? 'unknown', address, times } })
  }
}
