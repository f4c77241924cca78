import type { EditableList } from '../config/edit-list.ts'
import { wantsOf } from '../host/addresses.ts'
import type { BlockBook } from '../host/block-book.ts'
import { HostError } from '../host/host-error.ts'
import { MAX_WANTED_PEERS } from '../host/limits.ts'
import type { Overlay } from '../host/overlay-parts.ts'
import type { PeerEntry, Want } from '../host/supervisor-state.ts'
import { formatBootstrapLine, parseBootstrapLine } from '../identity/bootstrap-line.ts'
import { IdentityError } from '../identity/identity-error.ts'
import { parseX0Id } from '../identity/x0-id.ts'
import type { Report } from '../observe/event.ts'
import type { Clock } from '../platform/clock.ts'
import { StoreError } from '../store/store-error.ts'
import type { Block } from '../trust/blocks.ts'
import type { ConfigSaver } from './config-saver.ts'
import { NodeFault } from './node-view.ts'
import type {
  BlockDocument,
  BlockList,
  BlockRequest,
  PeerAdded,
  PeerAddRequest,
  PeerRemoved,
  Unblocked,
} from './peer-control-documents.ts'
import type { PeerControlView } from './peer-control-view.ts'
import { knownPeer, type PeerKeys, peerKeys } from './peer-target.ts'

export interface PeerControlParts {
  /** Asked for at each call: a node that changes its network builds another one. */
  readonly overlay: () => Pick<Overlay, 'supervisor' | 'want'> & {
    readonly records: Pick<Overlay['records'], 'get'>
    readonly channel: { readonly identities: Pick<Overlay['channel']['identities'], 'x0IdOf'> }
  }
  readonly blocks: BlockBook
  readonly saver: ConfigSaver
  readonly self: { readonly peerId: string; readonly x0Id: string }
  /** Lines of `peers.persistent` that the supervisor was started with. */
  readonly persistent: readonly string[]
  readonly clock: Clock
  readonly report: Report
}

const LISTS: readonly EditableList[] = ['bootstrap', 'peers.persistent']

/** The operator's hold over peers: what is asked for here goes to the supervisor, the blocks and the configuration file. */
export class PeerControl implements PeerControlView {
  readonly #parts: PeerControlParts
  #persistent: readonly string[]

  constructor(parts: PeerControlParts) {
    this.#parts = parts
    this.#persistent = parts.persistent
  }

  /** Asks for the lines that are new in `peers.persistent`, and no more for those that have gone. */
  persist(lines: readonly string[]): void {
    const before = this.#persistent
    const added = wantsOf(
      'persistent',
      lines.filter((line) => !before.includes(line)),
    )
    const gone = wantsOf(
      'persistent',
      before.filter((line) => !lines.includes(line)),
    )
    this.#persistent = lines
    const { supervisor, want } = this.#parts.overlay()
    // first what is new: a peer whose line has changed stays connected
    want(added)
    for (const one of added) this.#tell('peer.added', one, { address: one.address, by: 'configuration' })
    supervisor.unwant(gone)
    for (const one of gone) this.#tell('peer.removed', one, { address: one.address, by: 'configuration' })
  }

  async add({ line, save = false }: PeerAddRequest): Promise<PeerAdded> {
    const { saver, blocks } = this.#parts
    const { supervisor, want } = this.#parts.overlay()
    const text = wellFormed(line)
    const [asked] = wantsOf(save ? 'persistent' : 'command', [text])
    if (asked === undefined) throw new TypeError('a line gives one want')
    this.#refuseSelf(asked)
    const peers = supervisor.peers()
    const known = asked.peerId === undefined ? undefined : peers.find(({ peerId }) => peerId === asked.peerId)
    if (known?.wanted !== true && peers.filter(({ wanted }) => wanted).length >= MAX_WANTED_PEERS) {
      throw new NodeFault('limit-reached', `${MAX_WANTED_PEERS} peers are wanted, as many as may be; remove some first`)
    }
    if (known !== undefined && known.connections.length > 0 && asked.x0Id !== undefined && known.x0Id !== asked.x0Id) {
      const proven = known.x0Id === undefined ? 'no x0 id' : `the x0 id ${known.x0Id}`
      throw new NodeFault('identity-mismatch', `that peer is connected and has proved ${proven}, not the one in the line`)
    }
    if (save) {
      this.#refuseHidden('peers.persistent')
      await saver.edit([{ list: 'peers.persistent', drop: () => false, add: [text] }])
      this.#persistent = [...new Set([...this.#persistent, text])]
    }
    want([asked])
    const { address, peerId, x0Id } = asked
    this.#tell('peer.added', asked, { address, saved: save, by: 'command' })
    return {
      schema: 'x0.peer-added/v1',
      peerId: peerId ?? null,
      x0Id: x0Id ?? null,
      address,
      saved: save,
      blocked: blocks.judge(asked) !== undefined,
    }
  }

  async remove(peer: string, save: boolean): Promise<PeerRemoved> {
    const { supervisor } = this.#parts.overlay()
    const known = supervisor.peers()
    let entry: PeerEntry | undefined
    try {
      entry = knownPeer(peer, known)
    } catch (error) {
      // what is only in the file can be taken out of it
      if (!save || !(error instanceof NodeFault) || error.code !== 'peer-unknown') throw error
    }
    const keys = entry ?? peerKeys(peer, known)
    const names = (line: string): boolean => isNamedBy(line, keys, entry?.wants ?? [])
    const saved = save && (await this.#saveWithout(names))
    if (entry === undefined && !saved)
      throw new NodeFault('peer-unknown', `no peer ${peer} is known here, and no line in the file names it`)
    if (entry !== undefined) supervisor.forget(entry.key)
    this.#tell('peer.removed', keys, { saved, by: 'command' })
    const { peerId, x0Id } = keys
    return {
      schema: 'x0.peer-removed/v1',
      peerId: peerId ?? null,
      x0Id: x0Id ?? null,
      saved,
      remains: this.#remains(entry?.wants ?? [], saved),
    }
  }

  blocks(): BlockList {
    return { schema: 'x0.blocks/v1', blocks: this.#parts.blocks.list().map(blockFields) }
  }

  async block(request: BlockRequest): Promise<BlockDocument> {
    const { overlay, blocks } = this.#parts
    const known = overlay().supervisor.peers()
    const keys = this.#complete(peerKeys(request.peer, known))
    this.#refuseSelf(keys)
    const forMs = request.forSeconds === undefined ? undefined : request.forSeconds * 1000
    const block = await stored(blocks.block(keys, { forMs, reason: request.reason ?? '' }))
    const wanted = known.some(({ wanted, peerId, x0Id }) => wanted && (isSame(peerId, keys.peerId) || isSame(x0Id, keys.x0Id)))
    return { schema: 'x0.block/v1', ...blockFields(block), wanted }
  }

  async unblock(peer: string): Promise<Unblocked> {
    const { blocks } = this.#parts
    const keys = this.#complete(this.#blockedKeys(peer))
    const removed = await stored(blocks.unblock(keys))
    if (removed.length === 0) throw new NodeFault('block-unknown', `${peer} is not blocked`)
    return { schema: 'x0.unblocked/v1', blocks: removed.map(blockFields) }
  }

  /** By what the blocks say, and where that says nothing, by what is known of peers. */
  #blockedKeys(peer: string): PeerKeys {
    const { overlay, blocks } = this.#parts
    try {
      return peerKeys(
        peer,
        blocks.list().map((block) => ({ ...block, addresses: [] })),
      )
    } catch (error) {
      if (!(error instanceof NodeFault) || error.code !== 'peer-unknown') throw error
      return peerKeys(peer, overlay().supervisor.peers())
    }
  }

  /** With what is known of the key that is missing. */
  #complete({ peerId, x0Id }: PeerKeys): PeerKeys {
    const { records, channel } = this.#parts.overlay()
    return {
      peerId: peerId ?? (x0Id === undefined ? undefined : records.get(parseX0Id(x0Id), this.#parts.clock.now())?.peerId),
      x0Id: x0Id ?? (peerId === undefined ? undefined : channel.identities.x0IdOf(peerId)),
    }
  }

  async #saveWithout(names: (line: string) => boolean): Promise<boolean> {
    const lists = LISTS.filter((list) => this.#parts.saver.isWritable(list))
    const saved = await this.#parts.saver.edit(lists.map((list) => ({ list, drop: names, add: [] })))
    if (saved && lists.includes('peers.persistent')) this.#persistent = this.#persistent.filter((line) => !names(line))
    return saved
  }

  /** Where the wants of a removed peer come from that are there again at the next start. */
  #remains(wants: readonly Want[], saved: boolean): string[] {
    const { saver } = this.#parts
    const sources = new Set(wants.map(({ source }) => source))
    return LISTS.filter((list) => sources.has(list === 'bootstrap' ? 'bootstrap' : 'persistent'))
      .filter((list) => !(saved && saver.isWritable(list)))
      .map((list) => `${list} (${saver.originOf(list)})`)
  }

  #refuseSelf({ peerId, x0Id }: PeerKeys): void {
    const { self } = this.#parts
    if (peerId === self.peerId || x0Id === self.x0Id) throw new NodeFault('peer-is-self', 'that is this node itself')
  }

  #refuseHidden(list: EditableList): void {
    const { saver } = this.#parts
    if (saver.isWritable(list)) return
    throw new NodeFault(
      'not-saved',
      `nothing was changed: ${saver.originOf(list)} says what ${list} is, whatever stands in the file`,
    )
  }

  #tell(type: 'peer.added' | 'peer.removed', { peerId }: PeerKeys, data: Record<string, string | boolean>): void {
    this.#parts.report({ type, level: 'info', ...(peerId === undefined ? {} : { peer: peerId }), data })
  }
}

/** The line in its one form. @throws NodeFault `bad-address` */
function wellFormed(line: string): string {
  try {
    return formatBootstrapLine(parseBootstrapLine(line))
  } catch (cause) {
    if (cause instanceof IdentityError) throw new NodeFault('bad-address', cause.message, { cause })
    throw cause
  }
}

/** True for a line with one of these keys, or one without that led to the peer. */
function isNamedBy(line: string, keys: PeerKeys, wants: readonly Want[]): boolean {
  const named = wantOf(line)
  if (named === undefined) return false
  if (isSame(named.peerId, keys.peerId) || isSame(named.x0Id, keys.x0Id)) return true
  return wants.some(({ peerId, address }) => peerId === named.peerId && address === named.address)
}

/** Undefined for a line that is none: the file may hold what nobody has tried yet. */
function wantOf(line: string): Want | undefined {
  try {
    return wantsOf('persistent', [line])[0]
  } catch (error) {
    if (error instanceof IdentityError) return undefined
    throw error
  }
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other
}

function blockFields({ peerId, x0Id, since, until, reason }: Block): BlockList['blocks'][number] {
  const iso = (ms: number): string => new Date(ms).toISOString()
  return {
    peerId: peerId ?? null,
    x0Id: x0Id ?? null,
    since: iso(since),
    until: until === undefined ? null : iso(until),
    reason,
  }
}

/** A failing disk, as the caller is told of it. */
async function stored<T>(change: Promise<T>): Promise<T> {
  try {
    return await change
  } catch (cause) {
    if (cause instanceof HostError) throw new NodeFault('limit-reached', cause.message, { cause })
    if (cause instanceof StoreError) {
      throw new NodeFault('store-failed', `it is in force until this process ends, and then forgotten: ${cause.message}`, {
        cause,
      })
    }
    throw cause
  }
}
