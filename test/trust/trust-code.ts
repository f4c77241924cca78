import { TrustError, type TrustErrorCode } from '../../src/trust/trust-error.ts'

/** Whether an error is a TrustError with this code, and its message one that matches. */
export function trustCode(code: TrustErrorCode, message = /./): (error: unknown) => boolean {
  return (error) => error instanceof TrustError && error.code === code && message.test(error.message)
}
