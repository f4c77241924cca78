import assert from 'node:assert/strict'
import { initialSupervisor, nextDue, superviseStep } from '../../src/host/supervisor.ts'
import type {
  PeerEntry,
  SupervisorEffect,
  SupervisorEvent,
  SupervisorState,
  Want,
  WantSource,
} from '../../src/host/supervisor-state.ts'

/** A supervisor on a clock that the test moves. */
export class Desk {
  now = 0
  state: SupervisorState
  readonly effects: SupervisorEffect[] = []
  readonly #random: () => number

  constructor(counts = { min: 1, target: 3, max: 5 }, random: () => number = () => 0.5) {
    this.state = initialSupervisor(counts, 0)
    this.#random = random
  }

  tell(event: SupervisorEvent): SupervisorEffect[] {
    const { state, effects } = superviseStep(this.state, event, this.now, this.#random)
    this.state = state
    this.effects.push(...effects)
    return [...effects]
  }

  /** Lets time pass to the next due moment, as the runner does. */
  wake(): SupervisorEffect[] {
    this.now = nextDue(this.state, this.now)
    return this.tell({ type: 'tick' })
  }

  peer(key: string): PeerEntry {
    const entry = this.state.peers.get(key)
    assert.ok(entry !== undefined, `no peer ${key}`)
    return entry
  }

  up(peerId: string, direction: 'inbound' | 'outbound' = 'outbound', connectionId = `c-${peerId}`): SupervisorEffect[] {
    return this.tell({ type: 'connected', peerId, connectionId, address: '/ip4/192.0.2.1/tcp/1', direction })
  }

  down(peerId: string, connectionId = `c-${peerId}`): SupervisorEffect[] {
    return this.tell({ type: 'disconnected', peerId, connectionId, code: 'reset', message: 'gone' })
  }
}

export const dialsIn = (effects: readonly SupervisorEffect[]): string[] =>
  effects.flatMap((effect) => (effect.type === 'dial' ? [effect.key] : []))
export const wanted = (
  peerId: string | undefined,
  address = '/ip4/192.0.2.9/tcp/9',
  source: WantSource = 'bootstrap',
  x0Id?: string,
): Want => ({ address, peerId, x0Id, source })
