import {
  type AgreementKey,
  type CryptoBackend,
  CryptoError,
  type DecapsulationKey,
  type Encapsulation,
} from '../crypto/backend.ts'
import { ChannelRefusal } from './refusal.ts'
import { type SplitResult, SymmetricState } from './symmetric-state.ts'

/** The tokens of Noise rev. 34 section 7 and of its hybrid forward secrecy extension (`e1`, `ekem1`). */
export type Token = 'e' | 'e1' | 's' | 'ee' | 'es' | 'se' | 'ekem1'

export interface Pattern {
  readonly name: string
  /** Messages in order; the initiator writes the even ones. */
  readonly messages: readonly (readonly Token[])[]
}

export const XXHFS: Pattern = {
  name: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
  messages: [
    ['e', 'e1'],
    ['e', 'ee', 'ekem1', 's', 'es'],
    ['s', 'se'],
  ],
}

/** The classical pattern: only the tests' published vectors run it, to show that the token machine is Noise's. */
export const XX: Pattern = {
  name: 'Noise_XX_25519_ChaChaPoly_SHA256',
  messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
}

/** The keys of one handshake at one end. Ephemeral ones serve once. */
export interface HandshakeKeys {
  readonly staticKey: AgreementKey
  readonly ephemeralKey: AgreementKey
  /** The initiator's e1; unused by a responder. */
  readonly kemKey: DecapsulationKey
  /** The responder's KEM step; takes the checked encapsulation key (1,184 bytes). */
  encapsulate(encapsulationKey: Uint8Array): Encapsulation
}

const DH_BYTES = 32
const EK_BYTES = 1_184
const CT_BYTES = 1_088

/** Wire length of a token's field before encryption; 0 for the tokens that send nothing. */
const FIELD_BYTES: Record<Token, number> = { e: DH_BYTES, e1: EK_BYTES, s: DH_BYTES, ekem1: CT_BYTES, ee: 0, es: 0, se: 0 }

/**
 * The HandshakeState of Noise rev. 34 section 5.3, synchronous and without I/O: each message is processed in two steps,
 * tokens first and payload after, because the payload of ours signs the hash between the two.
 */
export class HandshakeState {
  readonly symmetric: SymmetricState
  readonly #pattern: Pattern
  readonly #initiator: boolean
  readonly #keys: HandshakeKeys
  #message = 0
  #inPayload: { written: Uint8Array[] } | { sealed: Uint8Array } | undefined
  #remoteEphemeral: Uint8Array | undefined
  #remoteStatic: Uint8Array | undefined
  #remoteKem: Uint8Array | undefined

  constructor(
    crypto: CryptoBackend,
    pattern: Pattern,
    role: 'initiator' | 'responder',
    prologue: Uint8Array,
    keys: HandshakeKeys,
  ) {
    this.#pattern = pattern
    this.#initiator = role === 'initiator'
    this.#keys = keys
    this.symmetric = new SymmetricState(crypto, pattern.name)
    this.symmetric.mixHash(prologue)
  }

  /** The peer's X25519 static key, 32 bytes, once its message has been read. */
  get remoteStatic(): Uint8Array {
    return known(this.#remoteStatic)
  }

  /** Processes our next message's tokens; `symmetric.hash` afterwards is the h that our payload signs. */
  writeTokens(): void {
    this.#expectTurn(true)
    const written: Uint8Array[] = []
    for (const token of this.#tokens()) {
      if (token === 'e') {
        written.push(this.#keys.ephemeralKey.publicKey)
        this.symmetric.mixHash(this.#keys.ephemeralKey.publicKey)
      } else if (token === 'e1') written.push(this.symmetric.encryptAndHash(this.#keys.kemKey.encapsulationKey))
      else if (token === 's') written.push(this.symmetric.encryptAndHash(this.#keys.staticKey.publicKey))
      else if (token === 'ekem1') {
        const { ciphertext, sharedSecret } = typed(() => this.#keys.encapsulate(known(this.#remoteKem)))
        written.push(this.symmetric.encryptAndHash(ciphertext))
        this.symmetric.mixKey(sharedSecret)
      } else this.#agree(token)
    }
    this.#inPayload = { written }
  }

  /** Ends our message. @returns its bytes, without the length prefix */
  writePayload(payload: Uint8Array): Uint8Array {
    const state = this.#inPayload
    if (state === undefined || !('written' in state)) throw new Error('writePayload before writeTokens')
    state.written.push(this.symmetric.encryptAndHash(payload))
    this.#nextMessage()
    return Buffer.concat(state.written)
  }

  /** Processes the tokens of the peer's message. @throws ChannelRefusal */
  readTokens(message: Uint8Array): void {
    this.#expectTurn(false)
    let rest = message
    for (const token of this.#tokens()) {
      const length = token === 'e' ? DH_BYTES : FIELD_BYTES[token] === 0 ? 0 : this.symmetric.sealedLength(FIELD_BYTES[token])
      if (rest.length < length) throw new ChannelRefusal('malformed-message', 'a handshake message is too short')
      const field = rest.subarray(0, length)
      rest = rest.subarray(length)
      if (token === 'e') {
        this.#remoteEphemeral = field.slice()
        this.symmetric.mixHash(field)
      } else if (token === 'e1') this.#remoteKem = this.symmetric.decryptAndHash(field)
      else if (token === 's') this.#remoteStatic = this.symmetric.decryptAndHash(field)
      else if (token === 'ekem1') {
        const ciphertext = this.symmetric.decryptAndHash(field)
        this.symmetric.mixKey(typed(() => this.#keys.kemKey.decapsulate(ciphertext)))
      } else this.#agree(token)
    }
    this.#inPayload = { sealed: rest }
  }

  /** Decrypts the payload of the message whose tokens were read. @throws ChannelRefusal `decrypt-failed` */
  readPayload(): Uint8Array {
    const state = this.#inPayload
    if (state === undefined || !('sealed' in state)) throw new Error('readPayload before readTokens')
    const payload = this.symmetric.decryptAndHash(state.sealed)
    this.#nextMessage()
    return payload
  }

  /** After the last message: the transport keys. */
  split(): SplitResult {
    if (this.#message < this.#pattern.messages.length) throw new Error('split before the last message')
    return this.symmetric.split()
  }

  #tokens(): readonly Token[] {
    const tokens = this.#pattern.messages[this.#message]
    if (tokens === undefined) throw new Error('no message is left in this handshake')
    return tokens
  }

  #expectTurn(write: boolean): void {
    const ours = (this.#message % 2 === 0) === this.#initiator
    if (ours !== write || this.#inPayload !== undefined) throw new Error('a handshake message out of turn')
  }

  #nextMessage(): void {
    this.#inPayload = undefined
    this.#message += 1
  }

  /** ee, es, se: who holds which half depends on the role (section 7.1). */
  #agree(token: Token): void {
    const { staticKey, ephemeralKey } = this.#keys
    const ourStatic = (token === 'es' && !this.#initiator) || (token === 'se' && this.#initiator)
    const theirStatic = (token === 'es' && this.#initiator) || (token === 'se' && !this.#initiator)
    const remote = known(theirStatic ? this.#remoteStatic : this.#remoteEphemeral)
    this.symmetric.mixKey(typed(() => (ourStatic ? staticKey : ephemeralKey).agree(remote)))
  }
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a key of the peer was used before it was read')
  return value
}

/** Runs a cryptographic step; a fault in the peer's bytes becomes a refusal. */
function typed<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error
    if (error.code === 'all-zero-secret') throw new ChannelRefusal('all-zero-secret', error.message, { cause: error })
    if (error.code === 'bad-key') throw new ChannelRefusal('bad-encapsulation-key', error.message, { cause: error })
    throw new ChannelRefusal('malformed-message', error.message, { cause: error })
  }
}
