import type { CryptoBackend } from './backend.ts'
import { selfTest } from './self-test.ts'

export type CryptoBackendName = CryptoBackend['name']

/**
 * A backend that has just passed its self-test (50 ms native, 350 ms portable, loading included): call once, pass it on. Only the one
 * asked for is loaded, because the portable libraries cost memory and start-up time.
 * @throws CryptoError `self-test` where this runtime's cryptography is missing or wrong
 */
export async function cryptoBackend(name: CryptoBackendName): Promise<CryptoBackend> {
  const backend = await load(name)
  await selfTest(backend)
  return backend
}

async function load(name: CryptoBackendName): Promise<CryptoBackend> {
  if (name === 'portable') return (await import('./portable.ts')).portableBackend()
  return (await import('./native.ts')).nativeBackend()
}
