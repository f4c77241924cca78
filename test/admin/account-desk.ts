import type { TestContext } from 'node:test'
import { systemClock } from '../../src/platform/clock.ts'
import type { ManualClock } from '../observe/manual-clock.ts'
import { openAccounts } from '../trust/accounts/open-accounts.ts'
import { ADMIN_TOKEN, type Answer, type Ask, ask, openPort, type Port, problemOf } from './open-port.ts'

export const ADA = { email: 'Ada@Example.org', password: 'correct horse', full_name: 'Ada L.', company: 'Engines' }

export interface Desk extends Port {
  readonly manual: ManualClock
  /** One JSON request; the token is left out where it is undefined. */
  readonly call: (method: string, path: string, body?: unknown, token?: string, more?: Ask) => Promise<Answer>
}

/** A port over real accounts on a real store, with cheap hashes and a clock that the test moves. */
export async function openDesk(t: TestContext, options: { openRegistration?: boolean; socketPath?: string } = {}): Promise<Desk> {
  const { accounts, clock: manual } = await openAccounts(t)
  const { openRegistration = false, ...rest } = options
  const clock = { now: () => manual.now(), monotonic: () => manual.monotonic(), after: systemClock.after }
  const port = await openPort(t, { accounts, clock, settings: { openRegistration }, ...rest })
  const call: Desk['call'] = (method, path, body, token, more = {}) =>
    ask(port.url, path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(token === undefined ? {} : { token }),
      ...more,
    })
  return { ...port, manual, call }
}

export const json = (answer: Answer) => JSON.parse(answer.text)
export const codeOf = (answer: Answer) => [answer.status, problemOf(answer).code]
export const register = (desk: Desk, body: unknown = ADA, token: string | null = ADMIN_TOKEN) =>
  desk.call('POST', '/api/v1/users/register', body, token ?? undefined)
export const login = (desk: Desk, email = ADA.email, password = ADA.password, more: Ask = {}) =>
  desk.call('POST', '/api/v1/users/login', { email, password }, undefined, more)
export const tokenOf = async (desk: Desk, email = ADA.email, password = ADA.password): Promise<string> =>
  json(await login(desk, email, password)).token
