import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FieldError } from '../trust/accounts/account-error.ts'
import type { Problem } from './documents.ts'
import type { NodeFaultCode } from './node-view.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** Every code an answer of the port may carry, with its status and title. docs/api.md holds the same table. */
export const PROBLEMS = {
  'body-malformed': [400, 'The body is not JSON'],
  'request-malformed': [400, 'The request cannot be read'],
  'request-invalid': [400, 'The request does not fit its schema'],
  'bad-address': [400, 'The address cannot be used'],
  'name-invalid': [400, 'The name cannot be used'],
  'invite-invalid': [400, 'The line is no invite'],
  'login-failed': [401, 'The e-mail address or the password is wrong'],
  'peer-is-self': [400, 'That is this node itself'],
  'token-required': [401, 'A valid token is needed'],
  'not-a-member': [403, 'Only a member of the network may do this'],
  'admission-by-vote': [403, 'Members decide by vote who comes in'],
  'join-refused': [403, 'The network did not let this node in'],
  'renewal-refused': [403, 'The credential was not renewed'],
  'origin-refused': [403, 'Calls from other web sites are refused'],
  'scope-missing': [403, 'The token does not allow this'],
  'route-unknown': [404, 'There is nothing here'],
  'peer-unknown': [404, 'This node does not know the peer'],
  'node-unknown': [404, 'No such node is known in the network'],
  'invite-unknown': [404, 'There is no such invite'],
  'method-unsupported': [405, 'This resource does not have that method'],
  'request-timeout': [408, 'The request took too long to arrive'],
  'peer-ambiguous': [409, 'More than one peer fits'],
  'in-network': [409, 'The node is in a network already'],
  'no-network': [409, 'The node is in no network of its own'],
  'last-member': [409, 'The network would lose its last member'],
  'name-taken': [409, 'Another node has the name'],
  'too-many': [409, 'A limit of what is kept is reached'],
  'member-protected': [409, 'A member cannot be revoked'],
  'revocation-refused': [409, 'The revocation cannot be kept'],
  'account-unknown': [404, 'There is no such account'],
  'token-unknown': [404, 'There is no such token'],
  'account-exists': [409, 'The e-mail address has an account already'],
  'limit-reached': [409, 'There are as many as there may be'],
  'block-unknown': [404, 'No such block is in force'],
  'not-saved': [409, 'The configuration file cannot be changed'],
  'body-too-large': [413, 'The body is too large'],
  'body-type-unsupported': [415, 'The body must be application/json'],
  'host-refused': [421, 'This host name is not served here'],
  'fields-invalid': [422, 'Some fields are not as they must be'],
  'rate-limited': [429, 'Too many requests'],
  'token-failures': [429, 'Too many wrong tokens'],
  'login-limited': [429, 'Too many wrong passwords'],
  'headers-too-large': [431, 'The headers are too large'],
  'internal-error': [500, 'The node failed'],
  'store-failed': [500, 'The store of the node takes no writes'],
  unreachable: [502, 'The peer cannot be reached'],
  'protocol-unsupported': [502, 'The peer does not speak the protocol'],
  'identity-mismatch': [502, 'Another identity answered'],
  'refused-by-peer': [502, 'The peer refused'],
  'handshake-failed': [502, 'The handshake failed'],
  'not-ready': [503, 'The node is not ready'],
  busy: [503, 'Too much of this is under way'],
  timeout: [504, 'The operation took too long'],
} as const satisfies Readonly<Record<NodeFaultCode, readonly [number, string]>> &
  Readonly<Record<string, readonly [number, string]>>

export type ProblemCode = keyof typeof PROBLEMS

/** Thrown in a check or a handler, it becomes the answer. `detail` is for the caller's eyes: it holds nothing secret. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly code: ProblemCode
  readonly headers: Readonly<Record<string, string>>
  /** What is wrong with each field, where that is told. */
  readonly errors: readonly FieldError[]

  constructor(
    code: ProblemCode,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
    errors: readonly FieldError[] = [],
  ) {
    super(detail)
    this.code = code
    this.headers = headers
    this.errors = errors
  }
}

/** The RFC 9457 document of a problem. `instance` names the request as the log does. */
export function problemDocument(code: ProblemCode, detail: string, requestId?: string): Problem {
  const [status, title] = PROBLEMS[code]
  const instance = requestId === undefined ? {} : { instance: `urn:x0:request:${requestId}` }
  return { type: `urn:x0:problem:${code}`, title, status, detail, code, ...instance }
}

export async function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: ApiProblem): Promise<void> {
  const plain = problemDocument(problem.code, problem.message, request.id)
  const document = problem.errors.length === 0 ? plain : { ...plain, errors: problem.errors }
  await reply
    .code(document.status)
    .headers({ ...problem.headers, 'cache-control': 'no-store' })
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(document)
}
