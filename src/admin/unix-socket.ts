import { chmod, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { AdminError } from './admin-error.ts'
import { errorCode, listen } from './bind.ts'
import { SOCKET_PATH_BYTES } from './limits.ts'

/**
 * Listens on a unix socket that only this user may connect to (0600, in a home of 0700). A socket that a killed process
 * left behind is replaced; one that answers is not.
 * @throws AdminError socket-in-use, socket-path-too-long, address-unavailable
 */
export async function listenUnix(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES) {
    throw new AdminError(
      'socket-path-too-long',
      `${path} is too long for a unix socket (${SOCKET_PATH_BYTES} bytes): choose a home with a shorter path, or turn admin.socket off`,
    )
  }
  try {
    await listen(server, { path })
  } catch (cause) {
    if (errorCode(cause) !== 'EADDRINUSE') {
      throw new AdminError('address-unavailable', `the admin socket ${path} cannot be opened (${errorCode(cause)})`, { cause })
    }
    if (await answers(path)) throw new AdminError('socket-in-use', `another process serves ${path}`, { cause })
    await unlink(path)
    await listen(server, { path })
  }
  await chmod(path, 0o600)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}
