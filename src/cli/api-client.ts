import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type Endpoint, findDaemon, isErrno, noDaemon } from './daemon.ts'
import { CommandFailure } from './failure.ts'
import { problemFailure } from './problem.ts'
import type { Call } from './terminal.ts'

/** Milliseconds for a request that only reads what the node knows. */
const READ_TIMEOUT_MS = 10_000
/** The largest answer taken: /mesh/peers at 4,096 peers is about 4 MB. */
const MAX_BODY_BYTES = 32 * 1024 * 1024

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path and query. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: object
  /** `--timeout` wins over it. */
  readonly timeoutMs?: number
  /** Answers with these statuses are documents too (a node that is not ready answers 503 with its health). */
  readonly expect?: readonly number[]
  readonly headers?: Readonly<Record<string, string>>
}

/** One node's admin API. */
export class ApiClient {
  readonly #call: Call
  readonly #endpoint: Endpoint

  constructor(call: Call, endpoint: Endpoint) {
    this.#call = call
    this.#endpoint = endpoint
  }

  /**
   * The node that `call` is about.
   * @throws CommandFailure noDaemon, denied
   */
  static async of(call: Call): Promise<ApiClient> {
    return new ApiClient(call, await findDaemon(call))
  }

  /**
   * Asks for a document and checks that it is of `schema`; the rest of its shape is the node's word, which validates
   * what it sends by the schemas of admin/documents.ts.
   * @throws CommandFailure
   */
  async document<T extends { readonly schema: string }>(schema: T['schema'], ask: Ask): Promise<T> {
    const value = await this.object<T>(ask)
    if (!('schema' in value) || value.schema !== schema) throw this.#foreign(ask)
    return value
  }

  /**
   * Asks for a document that names no schema: those of accounts, whose very fields scripts rely on.
   * @throws CommandFailure
   */
  async object<T extends object>(ask: Ask): Promise<T> {
    const text = await this.text({ ...ask, headers: { accept: 'application/json', ...ask.headers } })
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw this.#foreign(ask, cause)
    }
    if (typeof value !== 'object' || value === null) throw this.#foreign(ask)
    return value as T
  }

  /**
   * Asks for the body as text.
   * @throws CommandFailure
   */
  async text(ask: Ask): Promise<string> {
    const timeoutMs = this.#call.timeoutMs ?? ask.timeoutMs ?? READ_TIMEOUT_MS
    const signal = AbortSignal.timeout(Math.ceil(timeoutMs))
    try {
      const response = await this.#open(ask, signal)
      return await readAll(response)
    } catch (error) {
      if (signal.aborted) {
        throw new CommandFailure('notReady', `The node did not answer ${ask.path} within ${timeoutMs / 1000} s.`, {
          cause: error,
          hint: 'Allow more with --timeout, or look at what the node logs.',
        })
      }
      throw this.#explain(error)
    }
  }

  /**
   * Opens a response without end (server-sent events).
   * @throws CommandFailure
   */
  async stream(ask: Ask): Promise<IncomingMessage> {
    try {
      return await this.#open(ask)
    } catch (error) {
      throw this.#explain(error)
    }
  }

  async #open(ask: Ask, signal?: AbortSignal): Promise<IncomingMessage> {
    const body = ask.body === undefined ? undefined : JSON.stringify(ask.body)
    const { socket, url, token } = this.#endpoint
    const headers: Record<string, string> = { ...ask.headers }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    const options: RequestOptions = { method: ask.method ?? 'GET', path: ask.path, headers, agent: false }
    if (signal !== undefined) options.signal = signal
    let response: IncomingMessage
    try {
      response = await send(
        socket === undefined
          ? openUrl(this.#call, url, options)
          : httpRequest({ ...options, host: 'localhost', socketPath: socket }),
        body,
      )
    } catch (error) {
      // The socket went with a crash while the port of another node may answer: only its absence is a reason to try the port.
      if (socket === undefined || url === undefined || !isErrno(error, 'ENOENT')) throw error
      response = await send(openUrl(this.#call, url, options), body)
    }
    const status = response.statusCode ?? 0
    if (status === 200 || ask.expect?.includes(status)) return response
    throw problemFailure(status, response.headers, await readAll(response))
  }

  #explain(error: unknown): unknown {
    if (error instanceof CommandFailure) return error
    if (isErrno(error, 'EACCES') || isErrno(error, 'EPERM')) {
      return new CommandFailure('denied', `The socket ${this.#endpoint.socket ?? ''} may not be opened by this user.`, {
        cause: error,
        hint: 'Run the command as the user who runs the node.',
      })
    }
    const message = error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error)
    if (
      ['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'].some((code) => isErrno(error, code))
    ) {
      return noDaemon(this.#call, `(${message})`, { cause: error })
    }
    return new CommandFailure('failure', `The conversation with the node broke off: ${message}.`, {
      cause: error,
      hint: 'Is the node being stopped? Look at what it logs.',
    })
  }

  #foreign(ask: Ask, cause?: unknown): CommandFailure {
    return new CommandFailure('failure', `What answered ${ask.path} is not a node that this version of x0 understands.`, {
      cause,
      hint: 'Compare `x0 version` with the version in `x0 self`, and check --api.',
    })
  }
}

function openUrl(call: Call, url: URL | undefined, options: RequestOptions): ClientRequest {
  if (url === undefined) throw noDaemon(call, 'It serves no admin port.')
  const path = `${url.pathname.replace(/\/$/, '')}${options.path}`
  return (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { ...options, path })
}

function send(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new CommandFailure('failure', `The answer is longer than ${MAX_BODY_BYTES} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
