import { CommandFailure, type ExitName } from './failure.ts'
import { sentence } from './sentence.ts'

/** Codes of the parts that build a node, by the name of their error class; what is not here is a plain failure. */
const EXITS: Readonly<Record<string, Readonly<Record<string, ExitName>>>> = {
  StoreError: { newer: 'badConfig', foreign: 'badConfig', corrupt: 'badConfig', permissions: 'denied' },
  IdentityError: {
    'key-file-exposed': 'badConfig',
    'key-file-damaged': 'badConfig',
    'key-file-version': 'badConfig',
    'passphrase-needed': 'denied',
    'passphrase-wrong': 'denied',
    'passphrase-unfit': 'usage',
  },
  AdminError: {
    'address-invalid': 'badConfig',
    'address-in-use': 'badConfig',
    'address-unavailable': 'badConfig',
    'tls-required': 'badConfig',
    'tls-unusable': 'badConfig',
    'socket-path-too-long': 'badConfig',
    'token-unusable': 'badConfig',
  },
  HostError: { 'listen-failed': 'badConfig' },
  CryptoError: { 'self-test': 'verificationFailed' },
}

const HINTS: Readonly<Record<string, string>> = {
  'passphrase-needed': 'Give the passphrase with --passphrase-file, in X0_PASSPHRASE, or at a terminal.',
}

/** What a node that could not start tells its operator. Errors of other kinds are left as they are. */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const codes = EXITS[error.name]
  if (error.name === 'ConfigError') return configFailure(error)
  if (codes === undefined) return error
  const hint = HINTS[error.code]
  const message = sentence(error.message)
  return new CommandFailure(codes[error.code] ?? 'failure', message, { cause: error, ...(hint === undefined ? {} : { hint }) })
}

/** A ConfigError holds every problem, one a line. */
function configFailure(error: Error): CommandFailure {
  return new CommandFailure('badConfig', `The configuration cannot be used.\n${error.message}`, {
    cause: error,
    hint: 'docs/config.md explains every setting; check a file with `x0 config test FILE`.',
  })
}
