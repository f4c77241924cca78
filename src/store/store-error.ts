/**
 * - `corrupt`: a stored value or a file is not what was written.
 * - `locked`: another process uses the home.
 * - `closed`: the store was closed, or an earlier failure closed it for writing.
 * - `full`: no space or quota is left.
 * - `io`: the disk or the file system failed otherwise.
 * - `too-large`: a key, value or batch is above its limit (our fault, not the disk's).
 * - `newer`: a newer version of x0 wrote this home.
 * - `foreign`: the folder holds other things than a node's home.
 * - `permissions`: the folder or a file in it may not be read or made private.
 */
export type StoreErrorCode = 'corrupt' | 'locked' | 'closed' | 'full' | 'io' | 'too-large' | 'newer' | 'foreign' | 'permissions'

/** What went wrong with the home or the store; the message says what to do next. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Turns an error of the file system or of LevelDB into ours; `doing` completes "could not ...". */
export function storeErrorFrom(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error
  const reason = rootOf(error)
  const message = `could not ${doing}: ${reason.message}`
  return new StoreError(codeOf(reason), message, { cause: error })
}

/** abstract-level wraps what happened in up to two errors of its own. */
function rootOf(error: unknown): Error & { code?: unknown } {
  if (!(error instanceof Error)) return new Error(String(error))
  return error.cause instanceof Error ? rootOf(error.cause) : error
}

function codeOf(error: Error & { code?: unknown }): StoreErrorCode {
  // LevelDB gives its own LEVEL_IO_ERROR with the text of strerror(3), so the text is all there is to tell by.
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT' || /No space left on device|Disk quota exceeded/.test(error.message))
    return 'full'
  switch (error.code) {
    case 'LEVEL_LOCKED':
      return 'locked'
    case 'LEVEL_CORRUPTION':
      return 'corrupt'
    case 'LEVEL_DATABASE_NOT_OPEN':
    case 'LEVEL_ITERATOR_NOT_OPEN':
      return 'closed'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'permissions'
    default:
      return /Permission denied|Read-only file system/.test(error.message) ? 'permissions' : 'io'
  }
}
