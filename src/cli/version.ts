import { releaseVersion } from '../platform/release.ts'
import { type Call, printJson } from './terminal.ts'

/** `x0 version` */
export function version(call: Call): void {
  const document = {
    schema: 'x0.version/v1',
    version: releaseVersion(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    platform: `${process.platform}-${process.arch}`,
  }
  if (call.json) printJson(call, document)
  else if (call.quiet) call.terminal.out(`${document.version}\n`)
  else {
    const { node, openssl, platform } = document
    call.terminal.out(`x0tta6bl4 ${document.version} (Node.js ${node}, OpenSSL ${openssl}, ${platform})\n`)
  }
}
