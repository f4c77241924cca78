import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { Parameters } from 'fast-check'
import type { CryptoBackend, CryptoErrorCode } from '../../src/crypto/backend.ts'
import { CryptoError } from '../../src/crypto/backend.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { portableBackend } from '../../src/crypto/portable.ts'

export const NATIVE = nativeBackend()
export const PORTABLE = portableBackend()
export const BACKENDS: readonly CryptoBackend[] = [NATIVE, PORTABLE]
/** Who makes, who checks: all four pairs. */
export const PAIRS: readonly (readonly [CryptoBackend, CryptoBackend])[] = BACKENDS.flatMap((maker) =>
  BACKENDS.map((checker) => [maker, checker] as const),
)

/** One test per backend, with the backend's name in the test's. */
export function onBoth(
  what: string,
  run: (backend: CryptoBackend, t: TestContext) => void | Promise<void>,
  skip: string | false = false,
): void {
  for (const backend of BACKENDS) test(`${backend.name}: ${what}`, { skip }, (t) => run(backend, t))
}

/** Asserts that `run` throws a CryptoError with this code. */
export function throwsCode(code: CryptoErrorCode, run: () => unknown, message?: string): void {
  assert.throws(run, (error) => error instanceof CryptoError && error.code === code, message)
}

/** fast-check's parameters with a seed that the test prints: X0_SEED repeats a run. */
export function seeded(t: TestContext, runs: number): Parameters<unknown> {
  const seed = Number(process.env.X0_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`X0_SEED=${seed}`)
  return { seed, numRuns: runs }
}
