import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A key and a self-signed certificate for localhost, 127.0.0.1 and the other `addresses`, as PEM files. */
export async function certificate(
  folder: string,
  name: string,
  addresses: readonly string[] = [],
): Promise<{ certificate: string; key: string }> {
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  const names = ['DNS:localhost', 'IP:127.0.0.1', ...addresses.map((address) => `IP:${address}`)].join(',')
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-days', '2']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await run('openssl', ['req', '-x509', ...curve, '-keyout', files.key, '-out', files.certificate, ...subject])
  return files
}

/** Whether there is an openssl on this machine to make certificates with. */
export function hasOpenssl(): Promise<boolean> {
  return run('openssl', ['version']).then(
    () => true,
    () => false,
  )
}
