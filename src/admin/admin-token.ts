import { randomBytes } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { AdminError } from './admin-error.ts'

const TOKEN_PATTERN = /^x0a_[A-Za-z0-9_-]{43}$/

/**
 * The admin token of a home: the first line of a file that only its owner can read (0600). Made on the first call: 32
 * random bytes as `x0a_` and base64url.
 * @throws AdminError token-unusable
 */
export async function loadOrCreateAdminToken(path: string): Promise<string> {
  const token = `x0a_${randomBytes(32).toString('base64url')}`
  try {
    await writeFile(path, `${token}\n`, { flag: 'wx', mode: 0o600 })
    return token
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) {
      throw new AdminError('token-unusable', `the admin token cannot be written to ${path}`, { cause })
    }
  }
  return await loadAdminToken(path)
}

async function loadAdminToken(path: string): Promise<string> {
  let text: string
  try {
    await chmod(path, 0o600)
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new AdminError('token-unusable', `the admin token in ${path} cannot be read`, { cause })
  }
  const token = text.trim()
  if (TOKEN_PATTERN.test(token)) return token
  throw new AdminError(
    'token-unusable',
    `${path} does not hold an admin token: remove the file, and the next start makes a new one`,
  )
}
