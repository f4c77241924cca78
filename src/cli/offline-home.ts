import { loadOrCreateAdminToken } from '../admin/admin-token.ts'
import { NodeFault } from '../admin/node-view.ts'
import { cryptoBackend } from '../crypto/select.ts'
import { type KeyStore, openKeyStore } from '../identity/key-store.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { type OfflineNode, openOfflineNode } from '../node/offline-node.ts'
import { systemRandom } from '../platform/random.ts'
import { openHome } from '../store/home.ts'
import { ApiClient } from './api-client.ts'
import { CommandFailure } from './failure.ts'
import { askSecret, knownPassphrase } from './passphrase.ts'
import { faultFailure } from './problem.ts'
import { startFailure } from './start-failure.ts'
import type { Call } from './terminal.ts'

/** The node that runs in the home, or at --api; undefined where none runs in the home. @throws CommandFailure */
export async function runningNode(call: Call): Promise<ApiClient | undefined> {
  try {
    return await ApiClient.of(call)
  } catch (error) {
    if (error instanceof CommandFailure && error.code === 'noDaemon' && call.api === undefined) return undefined
    throw error
  }
}

/** Runs `work` on the home of a node that does not run; a home that is missing is made. @throws CommandFailure */
export async function offlineHome<T>(
  call: Call,
  passphraseFile: string | undefined,
  work: (node: OfflineNode) => Promise<T>,
): Promise<T> {
  try {
    await using opened = new AsyncDisposableStack()
    const home = opened.adopt(await openHome(call.home), (part) => part.close())
    await loadOrCreateAdminToken(home.paths.token)
    const crypto = await cryptoBackend('native')
    const keys = openKeyStore({ backend: crypto, random: systemRandom, home: home.paths.home })
    const { identity, passphrase } = await openKeys(call, keys, await knownPassphrase(call.terminal, passphraseFile))
    return await work(openOfflineNode({ crypto, identity, home, keys, passphrase }))
  } catch (error) {
    if (error instanceof NodeFault) throw faultFailure(error.code, error.message)
    throw startFailure(error)
  }
}

async function openKeys(
  call: Call,
  keys: KeyStore,
  passphrase: string | undefined,
): Promise<{ identity: NodeIdentity; passphrase: string | undefined }> {
  if (!(await keys.exists())) {
    return { identity: await keys.create(passphrase === undefined ? undefined : { passphrase }), passphrase }
  }
  try {
    return { identity: await keys.load(passphrase), passphrase }
  } catch (error) {
    const asked = isPassphraseNeeded(error) ? await askSecret(call.terminal, 'Passphrase of the node keys: ') : undefined
    if (asked === undefined) throw error
    return { identity: await keys.load(asked), passphrase: asked }
  }
}

function isPassphraseNeeded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'passphrase-needed'
}
