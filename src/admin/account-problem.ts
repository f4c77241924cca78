import type { AccountError, AccountErrorCode } from '../trust/accounts/account-error.ts'
import { ApiProblem, type ProblemCode } from './problem.ts'

const CODES: Readonly<Record<AccountErrorCode, ProblemCode>> = {
  'fields-invalid': 'fields-invalid',
  'account-exists': 'account-exists',
  'account-unknown': 'account-unknown',
  'token-unknown': 'token-unknown',
  'limit-reached': 'limit-reached',
  'login-failed': 'login-failed',
  'scope-missing': 'scope-missing',
  'hashing-busy': 'busy',
}

/** The answer to a request about accounts that was refused. */
export function accountProblem(error: AccountError): ApiProblem {
  const headers: Record<string, string> =
    error.code === 'hashing-busy'
      ? { 'retry-after': '3' }
      : error.code === 'login-failed'
        ? { 'www-authenticate': 'Bearer realm="x0"' }
        : {}
  return new ApiProblem(CODES[error.code], error.message, headers, error.fields)
}
