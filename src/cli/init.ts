import { loadOrCreateAdminToken } from '../admin/admin-token.ts'
import { cryptoBackend } from '../crypto/select.ts'
import { openKeyStore } from '../identity/key-store.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { systemRandom } from '../platform/random.ts'
import { openHome } from '../store/home.ts'
import { knownPassphrase } from './passphrase.ts'
import { startFailure } from './start-failure.ts'
import { fields } from './table.ts'
import { type Call, printJson } from './terminal.ts'

/** `x0 init`: a home that has keys keeps them, so that the command may be repeated. */
export async function init(call: Call, options: { readonly passphraseFile?: string }): Promise<void> {
  const passphrase = await knownPassphrase(call.terminal, options.passphraseFile)
  const { identity, created } = await prepare(call.home, passphrase)
  const document = {
    schema: 'x0.init/v1',
    home: call.home,
    created,
    peerId: identity.peerId,
    x0Id: formatX0Id(identity.x0Id),
  }
  if (call.json) return printJson(call, document)
  if (!created && !call.quiet) call.terminal.err('This home has keys already; they are kept.\n')
  call.terminal.out(
    fields([
      ['home', document.home],
      ['peer id', document.peerId],
      ['x0 id', document.x0Id],
    ]),
  )
}

async function prepare(folder: string, passphrase: string | undefined): Promise<{ identity: NodeIdentity; created: boolean }> {
  try {
    const home = await openHome(folder)
    try {
      await loadOrCreateAdminToken(home.paths.token)
      const keys = openKeyStore({ backend: await cryptoBackend('native'), random: systemRandom, home: home.paths.home })
      if (await keys.exists()) return { identity: await keys.load(passphrase), created: false }
      return { identity: await keys.create(passphrase === undefined ? undefined : { passphrase }), created: true }
    } finally {
      await home.close()
    }
  } catch (error) {
    throw startFailure(error)
  }
}
