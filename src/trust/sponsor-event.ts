import type { StoreError } from '../store/store-error.ts'
import type { JoinRefusal } from './join-refusal.ts'
import type { JoinRequest } from './join-request.ts'
import type { Revocation } from './revocation.ts'

/** What happens at the door of a network, for the event log, the metrics and the gossip. x0 ids are in text form. */
export type SponsorEvent =
  | {
      readonly type: 'admitted'
      readonly by: 'invite' | 'operator' | 'renewal' | 'succession'
      readonly x0Id: string
      readonly name: string
      /** Wall clock ms. */
      readonly expiresAt: number
    }
  /** Somebody knocks for the first time. */
  | { readonly type: 'asked'; readonly x0Id: string; readonly name: string | undefined; readonly note: string }
  /** `kind` is undefined where the request could not be read. */
  | { readonly type: 'refused'; readonly kind: JoinRequest['kind'] | undefined; readonly code: JoinRefusal }
  /** This node has revoked a key: to be spread. It is on disk already. */
  | { readonly type: 'revoked'; readonly revocation: Revocation }
  /** A request could not be granted because the disk failed. */
  | { readonly type: 'store-failed'; readonly error: StoreError }
