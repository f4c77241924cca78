import type { MultiaddrConnection } from '@libp2p/interface'
import type { CipherState } from '../../src/channel/cipher-state.ts'
import { HandshakeState, XXHFS } from '../../src/channel/handshake-state.ts'
import { KeyMaterial } from '../../src/channel/key-material.ts'
import type { HandshakePayload, PqAuth } from '../../src/channel/payload.ts'
import { encodePayload } from '../../src/channel/payload.ts'
import { authContext, authMessage, type Role, staticKeyMessage } from '../../src/channel/pq-auth.ts'
import { X0_PROFILE } from '../../src/channel/profile.ts'
import type { SplitResult } from '../../src/channel/symmetric-state.ts'
import type { AgreementKey } from '../../src/crypto/backend.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { framed, PlainFrames } from './middle.ts'
import { type End, NETWORK } from './two-ends.ts'

export type Honest = HandshakePayload & { readonly pqAuth: PqAuth }

export interface Script {
  /** Whose keys it signs with. */
  readonly self: End
  readonly prologue?: Uint8Array
  readonly networkId?: Uint8Array
  readonly offers?: readonly string[]
  readonly credential?: Uint8Array
  /** The hash that it signs in place of the true one. */
  readonly hash?: (h: Uint8Array) => Uint8Array
  /** The role that it signs as. */
  readonly signAs?: Role
  readonly staticKey?: AgreementKey
  /** The bytes of its payload. */
  readonly payload?: (honest: Honest) => Uint8Array
}

/** Reads whole frames off a raw connection; undefined once it is closed. */
export class FrameReader {
  readonly #cut = new PlainFrames()
  readonly #frames: Uint8Array[] = []
  #wake: () => void = () => undefined
  #closed = false

  constructor(raw: MultiaddrConnection) {
    raw.addEventListener('message', ({ data }) => {
      this.#frames.push(...this.#cut.add(data.subarray()))
      this.#wake()
    })
    raw.addEventListener('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  async next(): Promise<Uint8Array | undefined> {
    while (this.#frames.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#frames.shift()?.subarray(2)
  }
}

function stateOf(script: Script, role: Role): HandshakeState {
  const { crypto } = script.self.context
  const keys = new KeyMaterial(crypto, systemClock).take(role)
  const staticKey = script.staticKey ?? keys.staticKey
  const { ephemeralKey, kemKey, encapsulate } = keys
  return new HandshakeState(crypto, XXHFS, role, script.prologue ?? X0_PROFILE.prologue, {
    staticKey,
    ephemeralKey,
    kemKey,
    encapsulate,
  })
}

async function payloadOf(script: Script, role: Role, state: HandshakeState, staticKey: Uint8Array): Promise<Uint8Array> {
  const { identity } = script.self
  const networkId = script.networkId ?? NETWORK
  const securityProtocols = script.offers ?? [X0_PROFILE.protocol]
  const hash = script.hash?.(state.symmetric.hash) ?? state.symmetric.hash
  const message = authMessage(hash, identity.x0Id, networkId, securityProtocols)
  const honest: Honest = {
    ed25519: identity.ed25519,
    identitySignature: await identity.signEd25519(staticKeyMessage(staticKey)),
    streamMuxers: ['/yamux/1.0.0'],
    pqAuth: {
      mldsa65: identity.mldsa65,
      signature: await identity.sign(message, authContext(script.signAs ?? role)),
      securityProtocols,
      networkId,
      credential: script.credential,
    },
  }
  return (script.payload ?? encodePayload)(honest)
}

/**
 * A dialler that follows the protocol but for what its script says. Once there is a verdict, `after` goes on with the keys of
 * both directions, that of the verdict already used. @returns the plaintext of the verdict, if one came
 */
export async function scriptedInitiator(
  raw: MultiaddrConnection,
  script: Script,
  after?: (keys: SplitResult, reader: FrameReader) => Promise<void>,
): Promise<Uint8Array | undefined> {
  const reader = new FrameReader(raw)
  const { crypto } = script.self.context
  const staticKey = script.staticKey ?? crypto.generateAgreementKey()
  const state = stateOf({ ...script, staticKey }, 'initiator')
  state.writeTokens()
  raw.send(framed(state.writePayload(new Uint8Array(0))))
  const messageB = await reader.next()
  if (messageB === undefined) return undefined
  state.readTokens(messageB)
  state.readPayload()
  state.writeTokens()
  raw.send(framed(state.writePayload(await payloadOf(script, 'initiator', state, staticKey.publicKey))))
  const verdict = await reader.next()
  const keys = verdict === undefined ? undefined : state.split()
  const plaintext = verdict && keys?.responderToInitiator.open(new Uint8Array(0), verdict)
  if (keys !== undefined) await after?.(keys, reader)
  raw.abort(new Error('the script is over'))
  return plaintext
}

/**
 * A responder that follows the protocol but for what its script says. After C it sends what `inPlaceOfVerdict` makes of
 * its first cipher state, and otherwise just ends. @returns the payload of C, if one came
 */
export async function scriptedResponder(
  raw: MultiaddrConnection,
  script: Script,
  inPlaceOfVerdict?: (cipher: CipherState) => Uint8Array,
): Promise<Uint8Array | undefined> {
  const reader = new FrameReader(raw)
  const { crypto } = script.self.context
  const staticKey = script.staticKey ?? crypto.generateAgreementKey()
  const state = stateOf({ ...script, staticKey }, 'responder')
  const messageA = await reader.next()
  if (messageA === undefined) return undefined
  state.readTokens(messageA)
  state.readPayload()
  state.writeTokens()
  raw.send(framed(state.writePayload(await payloadOf(script, 'responder', state, staticKey.publicKey))))
  const messageC = await reader.next()
  let payload: Uint8Array | undefined
  if (messageC !== undefined) {
    state.readTokens(messageC)
    payload = state.readPayload()
  }
  if (payload !== undefined && inPlaceOfVerdict !== undefined) raw.send(inPlaceOfVerdict(state.split().responderToInitiator))
  else raw.abort(new Error('the script is over'))
  return payload
}
