import type { Server } from 'node:http'
import type { AddressInfo, ListenOptions } from 'node:net'
import { type HostPort, isLoopbackHost, parseHostPort } from '../config/host-port.ts'
import { AdminError } from './admin-error.ts'

/**
 * Reads `HOST:PORT`, `[V6]:PORT`.
 * @throws AdminError address-invalid
 */
export function parseBindAddress(text: string): HostPort {
  const address = parseHostPort(text)
  if (address !== undefined) return address
  throw new AdminError(
    'address-invalid',
    `"${text}" is no address for the admin port: write HOST:PORT, as in 127.0.0.1:9690 or [::1]:9690`,
  )
}

/**
 * Outside of loopback a token would travel in clear, and so would everything else.
 * @throws AdminError tls-required
 */
export function requireTlsOutside(host: string, tls: boolean): void {
  if (tls || isLoopbackHost(host)) return
  throw new AdminError(
    'tls-required',
    `the admin port is not opened on ${host} without TLS: set admin.tls.certificate and admin.tls.key, or bind it to 127.0.0.1`,
  )
}

/**
 * Listens on `address`. Where the port is only the default and taken, a free one is used instead.
 * @throws AdminError address-in-use, address-unavailable
 */
export async function listenTcp(server: Server, address: HostPort, portIsDefault: boolean): Promise<AddressInfo> {
  try {
    await listen(server, { host: address.host, port: address.port })
  } catch (cause) {
    const code = errorCode(cause)
    const where = `${address.host}:${address.port}`
    if (code !== 'EADDRINUSE') {
      throw new AdminError('address-unavailable', `the admin port cannot be opened on ${where} (${code})`, { cause })
    }
    if (!portIsDefault) {
      throw new AdminError(
        'address-in-use',
        `the admin port ${where} is taken by another process: choose another, or port 0 for a free one`,
        { cause },
      )
    }
    await listen(server, { host: address.host, port: 0 })
  }
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new AdminError('address-unavailable', 'the admin port has no address')
  return bound
}

/** Resolves once the server listens, rejects with the error that kept it from that. */
export function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const listening = () => {
      server.off('error', failed)
      resolve()
    }
    const failed = (error: Error) => {
      server.off('listening', listening)
      reject(error)
    }
    server.once('listening', listening)
    server.once('error', failed)
    server.listen(options)
  })
}

/** The errno name of a system error, `UNKNOWN` of any other. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
}
