import { X509Certificate } from 'node:crypto'
import { type Stats, unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { AdminError } from './admin-error.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
}

/** What node:https takes, both here as PEM text. TLS 1.3 only: every client of this port has it. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.3'
}

/**
 * Reads certificate and key and makes sure that they belong together.
 * @throws AdminError tls-unusable
 */
export async function readTls(files: TlsFiles): Promise<TlsMaterial> {
  try {
    const [cert, key] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')])
    const material = { cert, key, minVersion: 'TLSv1.3' } as const
    createSecureContext(material)
    return material
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable'
    throw new AdminError(
      'tls-unusable',
      `the certificate ${files.certificate} and the key ${files.key} cannot be used (${why})`,
      { cause },
    )
  }
}

/** When the certificate of `material` ends, ISO 8601, and its SHA-256 fingerprint: for the log. */
export function describeCertificate(material: TlsMaterial): { readonly validTo: string; readonly fingerprint: string } {
  const certificate = new X509Certificate(material.cert)
  return { validTo: certificate.validToDate.toISOString(), fingerprint: certificate.fingerprint256 }
}

/**
 * Calls `changed` whenever one of the files does, until the returned function is called.
 * @param intervalMs how often the files are looked at
 */
export function watchTls(files: TlsFiles, intervalMs: number, changed: () => void): () => void {
  const paths = [files.certificate, files.key]
  const listener = (now: Stats, before: Stats) => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) changed()
  }
  for (const path of paths) watchFile(path, { interval: intervalMs, persistent: false }, listener)
  return () => {
    for (const path of paths) unwatchFile(path, listener)
  }
}
