import type { Connection } from '@libp2p/interface'
import { sessionOf } from '../channel/session.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { NodeRecord } from './node-record.ts'

/**
 * Which peers are known to have an x0 id, pins aside: who is connected over the x0 channel now, and whose node record is
 * held. Nobody may then come as that peer over a channel that proves no x0 id.
 */
export class KnownIdentities {
  #connections: () => readonly Connection[] = () => []
  #recordOf: (peerId: string) => Pick<NodeRecord, 'x0Id'> | undefined = () => undefined

  /** Says where to look, once there is a host; before, nobody is known. */
  follow(connections: () => readonly Connection[], recordOf: (peerId: string) => Pick<NodeRecord, 'x0Id'> | undefined): void {
    this.#connections = connections
    this.#recordOf = recordOf
  }

  /** Text form. */
  x0IdOf(peerId: string): string | undefined {
    for (const connection of this.#connections()) {
      const facts = sessionOf(connection)
      if (facts?.remotePeerId === peerId && facts.isAccepted && facts.remoteX0Id !== undefined)
        return formatX0Id(facts.remoteX0Id)
    }
    const record = this.#recordOf(peerId)
    return record === undefined ? undefined : formatX0Id(record.x0Id)
  }
}
