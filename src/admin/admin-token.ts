import { randomBytes } from 'node:crypto'
import { chmod, readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../store/atomic-file.ts'
import { AdminError } from './admin-error.ts'
import { errorCode } from './bind.ts'

const TOKEN_PATTERN = /^x0a_[A-Za-z0-9_-]{43}$/

/** What a start that was killed while it wrote may have left: a beginning of a token, or nothing but unwritten zeros. */
const TORN_PATTERN = /^(?:x|x0|x0a|x0a_[A-Za-z0-9_-]{0,42})?\0*$/

/**
 * The admin token of a home: the first line of a file that only its owner can read (0600). Made on the first call: 32
 * random bytes as `x0a_` and base64url. Only for whoever holds the lock of the home.
 * @throws AdminError token-unusable
 */
export async function loadOrCreateAdminToken(path: string): Promise<string> {
  const text = await readToken(path)
  if (TOKEN_PATTERN.test(text)) return text
  if (!TORN_PATTERN.test(text)) {
    throw new AdminError(
      'token-unusable',
      `${path} does not hold an admin token: remove the file, and the next start makes a new one`,
    )
  }
  const token = `x0a_${randomBytes(32).toString('base64url')}`
  try {
    await writeFileAtomic(path, `${token}\n`, 0o600)
    return token
  } catch (cause) {
    throw new AdminError('token-unusable', `the admin token cannot be written to ${path}`, { cause })
  }
}

/** What the file holds, made private; empty where there is none. */
async function readToken(path: string): Promise<string> {
  try {
    await chmod(path, 0o600)
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return ''
    throw new AdminError('token-unusable', `the admin token in ${path} cannot be read`, { cause })
  }
}
