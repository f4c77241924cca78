import { MAX_ADDRESSES_PER_PEER, MAX_REMOVED_PEERS, MAX_WANTED_PEERS, REMOVED_PAUSE_MS } from './limits.ts'
import { type Draft, fresh } from './supervisor-draft.ts'
import { mergeAddresses } from './supervisor-policy.ts'
import { isUp, type PeerEntry, type SupervisorEvent, type Want } from './supervisor-state.ts'

/*
 * What the operator asks of the supervisor: to keep a peer, to let go of it, to leave it alone.
 */

/** A peer that was removed a moment ago and is asked for again is not left alone any more. */
export function want(draft: Draft, asked: Want): void {
  if (asked.peerId !== undefined && draft.bars.get(asked.peerId)?.code === 'removed') draft.bars.delete(asked.peerId)
  const known = entryOf(draft, asked)
  const wanted = [...draft.peers.values()].filter((entry) => entry.wanted).length
  if (known?.wanted !== true && wanted >= MAX_WANTED_PEERS) return
  if (known === undefined) {
    const { peerId, x0Id, source, address } = asked
    const key = peerId ?? `@${address}`
    draft.add(fresh(key, draft.now, { peerId, x0Id, wants: [asked], source, addresses: [address] }))
    return
  }
  if (isUp(known) && asked.peerId !== undefined && asked.x0Id !== undefined && known.x0Id !== asked.x0Id) {
    const message = 'another x0 id is stated for it than the one that it proved'
    draft.effects.push({ type: 'hang-up', peerId: asked.peerId, reason: 'x0-id-mismatch', message })
  }
  const retry = isUp(known) || known.dialling ? {} : { failures: 0, retryAt: draft.now }
  const addresses = mergeAddresses([asked.address], known.addresses)
  draft.update(known.key, { wants: mergeWants([asked], known.wants), addresses, x0Id: asked.x0Id ?? known.x0Id, ...retry })
}

export function unwant(draft: Draft, asked: Want): void {
  const entry = entryOf(draft, asked)
  if (entry === undefined) return
  const isAsked = (one: Want): boolean => isSameLine(one, asked) && one.x0Id === asked.x0Id && one.source === asked.source
  const wants = entry.wants.filter((one) => !isAsked(one))
  if (wants.length === entry.wants.length) return
  if (wants.length === 0) forget(draft, entry.key)
  else draft.update(entry.key, { wants })
}

export function forget(draft: Draft, key: string): void {
  const entry = draft.peers.get(key)
  if (entry === undefined) return
  draft.peers.delete(key)
  if (entry.dialling) draft.effects.push({ type: 'abandon', key })
  const { peerId } = entry
  if (peerId === undefined) return
  draft.effects.push(
    { type: 'hang-up', peerId, reason: 'removed', message: 'removed by a command or from the configuration' },
    { type: 'forget', peerId },
  )
  if (draft.barOf(entry)?.code === 'blocked') return
  draft.bars.delete(peerId)
  draft.bars.set(peerId, { code: 'removed', until: draft.now + REMOVED_PAUSE_MS })
  const removed = [...draft.bars].filter(([, bar]) => bar.code === 'removed')
  for (const [id] of removed.slice(0, Math.max(0, removed.length - MAX_REMOVED_PEERS))) draft.bars.delete(id)
}

export function block(draft: Draft, { ids, until, message }: Extract<SupervisorEvent, { type: 'block' }>): void {
  for (const id of ids) draft.bars.set(id, { code: 'blocked', until, message })
  for (const entry of named(draft, ids)) {
    draft.update(entry.key, { dialling: false, lastError: { code: 'blocked', message, at: draft.now } })
    if (entry.dialling) draft.effects.push({ type: 'abandon', key: entry.key })
    if (isUp(entry) && entry.peerId !== undefined)
      draft.effects.push({ type: 'hang-up', peerId: entry.peerId, reason: 'blocked', message })
  }
}

/** It is tried at once where it is wanted or there is room. */
export function unblock(draft: Draft, { ids }: Extract<SupervisorEvent, { type: 'unblock' }>): void {
  for (const id of ids) if (draft.bars.get(id)?.code === 'blocked') draft.bars.delete(id)
  for (const entry of named(draft, ids)) if (!isUp(entry)) draft.update(entry.key, { failures: 0, retryAt: draft.now })
}

/** The lines of both, one of a kind; a line in the configuration stands for the same line of a command. */
export function mergeWants(added: readonly Want[], known: readonly Want[]): readonly Want[] {
  const replaced = (one: Want): boolean =>
    added.some((other) => isSameLine(one, other) && (one.source === other.source || one.source === 'command'))
  return [...added, ...known.filter((one) => !replaced(one))].slice(0, MAX_ADDRESSES_PER_PEER)
}

/** The entry of a line: by its peer id, or the one that a line without a peer id has led to. */
function entryOf(draft: Draft, asked: Want): PeerEntry | undefined {
  if (asked.peerId !== undefined) return draft.peers.get(asked.peerId)
  const unmet = draft.peers.get(`@${asked.address}`)
  return unmet ?? [...draft.peers.values()].find(({ wants }) => wants.some((one) => isSameLine(one, asked)))
}

function named(draft: Draft, ids: readonly string[]): PeerEntry[] {
  const isNamed = (id: string | undefined): boolean => id !== undefined && ids.includes(id)
  return [...draft.peers.values()].filter(({ peerId, x0Id }) => isNamed(peerId) || isNamed(x0Id))
}

/** The x0 id is not in it: a line that states another one takes the place of the first. */
function isSameLine(one: Want, other: Want): boolean {
  return one.address === other.address && one.peerId === other.peerId
}
