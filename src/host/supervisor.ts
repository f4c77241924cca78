import {
  KEEP_TRYING_MS,
  MAX_PARALLEL_DIALS,
  SEARCH_FIRST_MS,
  SEARCH_GROWTH,
  SEARCH_MAX_BELOW_MIN_MS,
  SEARCH_MAX_MS,
  TRIM_PAUSE_MS,
} from './limits.ts'
import { Draft, fresh, upCount } from './supervisor-draft.ts'
import { isJudged, isPersistent, isWorthTrying, mergeAddresses, retryDelay, trimOrder } from './supervisor-policy.ts'
import {
  type Bar,
  isUp,
  type PeerCounts,
  type SupervisorEvent,
  type SupervisorState,
  type SupervisorStep,
} from './supervisor-state.ts'
import { block, forget, mergeWants, unblock, unwant, want } from './supervisor-wishes.ts'

/** Nobody known, a search due at once. */
export function initialSupervisor(counts: PeerCounts, now: number, bars: ReadonlyMap<string, Bar> = new Map()): SupervisorState {
  return { counts, peers: new Map(), bars, searchAt: now + SEARCH_FIRST_MS, searchWait: SEARCH_FIRST_MS }
}

/**
 * One step of the peer supervisor (docs/peers.md): what happened goes in, the new state and what to do come out.
 * Pure: time and randomness (`random`, in [0, 1) at each call) are arguments.
 */
export function superviseStep(state: SupervisorState, event: SupervisorEvent, now: number, random: () => number): SupervisorStep {
  const draft = new Draft(state, now, random)
  applyEvent(draft, event)
  trim(draft)
  dialDue(draft)
  searchIfShort(draft)
  return draft.finish()
}

/** When the next step is due at the latest, though nothing happens: the runner sets one timer to it. */
export function nextDue(state: SupervisorState, now: number): number {
  const short = upCount(state.peers) < state.counts.target
  let due = short ? state.searchAt : Number.POSITIVE_INFINITY
  for (const entry of state.peers.values()) {
    // What is due already and was not dialled waits for a place, and a place comes with an event.
    const waits = !isUp(entry) && !entry.dialling && entry.retryAt !== undefined && entry.retryAt > now
    if (waits && (short || entry.wanted)) due = Math.min(due, entry.retryAt)
  }
  return due
}

function applyEvent(draft: Draft, event: SupervisorEvent): void {
  switch (event.type) {
    case 'tick':
      forgetStale(draft)
      return
    case 'want':
      for (const one of event.wants) want(draft, one)
      return
    case 'unwant':
      for (const one of event.wants) unwant(draft, one)
      return
    case 'forget':
      forget(draft, event.key)
      return
    case 'block':
      block(draft, event)
      return
    case 'unblock':
      unblock(draft, event)
      return
    case 'found':
      found(draft, event)
      return
    case 'connected':
      connected(draft, event)
      return
    case 'disconnected':
      disconnected(draft, event)
      return
    case 'dialled':
      dialled(draft, event)
      return
    case 'dial-failed':
      dialFailed(draft, event)
      return
    case 'suspect':
    case 'healthy':
      health(draft, event.peerId, event.connectionId, event.type)
      return
    case 'network-changed':
      for (const entry of draft.peers.values()) {
        if (!isUp(entry)) draft.update(entry.key, { failures: 0, retryAt: draft.now })
      }
      draft.searchAt = draft.now
      draft.searchWait = SEARCH_FIRST_MS
  }
}

function found(draft: Draft, event: Extract<SupervisorEvent, { type: 'found' }>): void {
  const known = draft.peers.get(event.peerId)
  // Whoever is barred is not looked for.
  if (draft.barOf({ peerId: event.peerId, x0Id: event.x0Id ?? known?.x0Id }) !== undefined) return
  if (known === undefined) {
    if (event.addresses.length === 0) return
    const addresses = mergeAddresses(event.addresses, [])
    draft.add(fresh(event.peerId, draft.now, { peerId: event.peerId, x0Id: event.x0Id, source: event.source, addresses }))
    return
  }
  // A wanted peer's own line stays in front; what others say of a peer comes behind what was confirmed.
  const addresses = mergeAddresses(known.addresses, event.addresses)
  const isNews = addresses.length > known.addresses.length
  const seenOnLan = event.source === 'mdns'
  // A new address of a peer that is down, or its appearance on the local network, is worth a try at once: unless it was
  // reached and said no.
  const retry = !isUp(known) && !isJudged(known) && (isNews || seenOnLan) ? { failures: 0, retryAt: draft.now } : {}
  draft.update(event.peerId, { addresses, x0Id: known.x0Id ?? event.x0Id, ...retry })
}

function connected(draft: Draft, event: Extract<SupervisorEvent, { type: 'connected' }>): void {
  const known = draft.peers.get(event.peerId)
  const bar = draft.barOf({ peerId: event.peerId, x0Id: event.x0Id ?? known?.x0Id })
  if (bar !== undefined) {
    // Its handshake was over before it was barred.
    const message = bar.code === 'blocked' ? bar.message : 'removed a moment ago'
    draft.effects.push({ type: 'hang-up', peerId: event.peerId, reason: bar.code, message })
    return
  }
  if (known === undefined) {
    const entry = fresh(event.peerId, draft.now, {
      peerId: event.peerId,
      source: event.direction === 'inbound' ? 'inbound' : 'dht',
    })
    // With no room even after forgetting, the connection is not kept: everything here is bounded.
    if (!draft.add(entry)) {
      const message = 'closed here: more peers are known than can be'
      draft.effects.push({ type: 'hang-up', peerId: event.peerId, reason: 'too-many-peers', message })
      return
    }
  }
  const entry = draft.peers.get(event.peerId)
  if (entry === undefined || entry.connections.some(({ id }) => id === event.connectionId)) return
  const { connectionId, address, direction } = event
  draft.update(event.peerId, {
    connections: [...entry.connections, { id: connectionId, address, direction, since: draft.now }],
    status: 'up/direct',
    downReason: undefined,
    // Only an address that we dialled is known to lead there; an inbound one has a port of the moment.
    addresses: direction === 'outbound' ? mergeAddresses([address], entry.addresses) : entry.addresses,
    x0Id: event.x0Id ?? entry.x0Id,
    failures: 0,
    retryAt: undefined,
    lastUpAt: draft.now,
    pausedUntil: undefined,
  })
  // A new neighbour may know others.
  draft.searchWait = SEARCH_FIRST_MS
  draft.searchAt = Math.min(draft.searchAt, draft.now + SEARCH_FIRST_MS)
}

function disconnected(draft: Draft, event: Extract<SupervisorEvent, { type: 'disconnected' }>): void {
  const entry = draft.peers.get(event.peerId)
  if (entry === undefined || !entry.connections.some(({ id }) => id === event.connectionId)) return
  const connections = entry.connections.filter(({ id }) => id !== event.connectionId)
  if (connections.length > 0) {
    draft.update(entry.key, { connections, status: 'up/direct' })
    return
  }
  const lastError = { code: event.code, message: event.message, at: draft.now }
  const retryAt = Math.max(draft.now, entry.pausedUntil ?? draft.now)
  const reason = { lastError, downReason: lastError }
  draft.update(entry.key, { connections, status: 'down', ...reason, lastUpAt: draft.now, failures: 0, retryAt })
}

/** A line without a peer id has met its node: the entry gets its real name. */
function dialled(draft: Draft, event: Extract<SupervisorEvent, { type: 'dialled' }>): void {
  const entry = draft.peers.get(event.key)
  if (entry === undefined) return
  if (event.key === event.peerId) {
    // `connected` has been or will be told. Should it have come and gone, the wait starts again.
    draft.update(event.key, { dialling: false, retryAt: isUp(entry) ? undefined : draft.now + SEARCH_FIRST_MS })
    return
  }
  draft.peers.delete(event.key)
  const known = draft.peers.get(event.peerId)
  if (known === undefined) {
    draft.add({
      ...entry,
      key: event.peerId,
      peerId: event.peerId,
      dialling: false,
      failures: 0,
      retryAt: draft.now + SEARCH_FIRST_MS,
    })
    return
  }
  draft.update(event.peerId, {
    wants: mergeWants(entry.wants, known.wants),
    source: entry.wanted ? entry.source : known.source,
    addresses: mergeAddresses(entry.addresses, known.addresses),
  })
}

function dialFailed(draft: Draft, event: Extract<SupervisorEvent, { type: 'dial-failed' }>): void {
  const entry = draft.peers.get(event.key)
  if (entry === undefined) return
  if (isUp(entry) || draft.barOf(entry) !== undefined) {
    draft.update(entry.key, { dialling: false })
    return
  }
  const lastError = { code: event.code, message: event.message, at: draft.now }
  const failed = { ...entry, failures: entry.failures + 1, lastError }
  if (!isWorthTrying(failed, draft.now) && entry.lastUpAt === undefined) {
    draft.peers.delete(entry.key)
    return
  }
  draft.update(entry.key, {
    dialling: false,
    failures: failed.failures,
    lastError,
    retryAt: isWorthTrying(failed, draft.now) ? draft.now + retryDelay(failed, draft.now, draft.random()) : undefined,
  })
}

function health(draft: Draft, peerId: string, connectionId: string, verdict: 'suspect' | 'healthy'): void {
  const entry = draft.peers.get(peerId)
  if (entry === undefined || !entry.connections.some(({ id }) => id === connectionId)) return
  // With a second, healthy connection the peer itself is not in doubt.
  if (verdict === 'suspect' && entry.connections.length > 1) return
  draft.update(peerId, { status: verdict === 'suspect' ? 'suspect' : 'up/direct' })
}

function forgetStale(draft: Draft): void {
  for (const entry of draft.peers.values()) {
    const lost = entry.lastUpAt !== undefined && draft.now - entry.lastUpAt > KEEP_TRYING_MS
    if (!entry.wanted && !isUp(entry) && !entry.dialling && lost) draft.peers.delete(entry.key)
  }
  for (const [id, bar] of draft.bars) if (bar.code === 'removed' && bar.until <= draft.now) draft.bars.delete(id)
}

/** Persistent peers have places of their own: they push nobody out. */
function trim(draft: Draft): void {
  const persistent = [...draft.peers.values()].filter((entry) => isUp(entry) && isPersistent(entry)).length
  let excess = upCount(draft.peers) - persistent - draft.counts.max
  if (excess <= 0) return
  for (const entry of trimOrder(draft.peers.values())) {
    if (excess <= 0) return
    if (entry.pausedUntil !== undefined && entry.pausedUntil > draft.now) {
      // Already told to go; its close is on the way.
      excess -= 1
      continue
    }
    draft.update(entry.key, { pausedUntil: draft.now + TRIM_PAUSE_MS })
    draft.effects.push({
      type: 'hang-up',
      peerId: entry.key,
      reason: 'trimmed',
      message: 'closed here: more peers than the maximum',
    })
    excess -= 1
  }
}

/** Wanted peers always; others only while there are fewer than `target` peers, counting dials on their way. */
function dialDue(draft: Draft): void {
  const entries = [...draft.peers.values()]
  let dialling = entries.filter((entry) => entry.dialling).length
  let places = draft.counts.target - upCount(draft.peers) - entries.filter((entry) => entry.dialling && !entry.wanted).length
  const due = entries
    .filter((entry) => !isUp(entry) && !entry.dialling && entry.addresses.length > 0)
    .filter((entry) => entry.retryAt !== undefined && entry.retryAt <= draft.now && isWorthTrying(entry, draft.now))
    .filter((entry) => draft.barOf(entry) === undefined)
    .sort((a, b) => Number(b.wanted) - Number(a.wanted) || (b.lastUpAt ?? -1) - (a.lastUpAt ?? -1) || a.failures - b.failures)
  for (const entry of due) {
    if (dialling >= MAX_PARALLEL_DIALS || (!entry.wanted && places <= 0)) break
    dialling += 1
    if (!entry.wanted) places -= 1
    draft.update(entry.key, { dialling: true, pausedUntil: undefined })
    const x0Id = entry.wants.find((one) => one.x0Id !== undefined)?.x0Id
    draft.effects.push({ type: 'dial', key: entry.key, peerId: entry.peerId, x0Id, addresses: entry.addresses })
  }
}

function searchIfShort(draft: Draft): void {
  const up = upCount(draft.peers)
  if (up >= draft.counts.target || draft.now < draft.searchAt) return
  // Without a single connection there is nobody to ask.
  if (up > 0) draft.effects.push({ type: 'search' })
  const most = up < draft.counts.min ? SEARCH_MAX_BELOW_MIN_MS : SEARCH_MAX_MS
  draft.searchAt = draft.now + draft.searchWait
  draft.searchWait = Math.min(most, SEARCH_GROWTH * draft.searchWait)
}
