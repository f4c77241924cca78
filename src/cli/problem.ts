import type { IncomingHttpHeaders } from 'node:http'
import type { ProblemCode } from '../admin/problem.ts'
import { CommandFailure, type ExitName } from './failure.ts'
import { sentence } from './sentence.ts'

interface Meaning {
  readonly exit: ExitName
  readonly hint?: string
}

const TOKEN_HINT = 'Run the command as the user who runs the node, or give a token with that scope in X0_TOKEN.'
const VERSION_HINT = 'The node may be of another version: compare `x0 version` with the version in `x0 self`.'
const MOMENT_HINT = 'Try again in a moment.'

/** What each code of the admin port means for a command, and what its user can do. */
const MEANINGS: Readonly<Record<ProblemCode, Meaning>> = {
  'body-malformed': { exit: 'usage', hint: VERSION_HINT },
  'request-malformed': { exit: 'usage', hint: VERSION_HINT },
  'request-invalid': { exit: 'usage' },
  'bad-address': {
    exit: 'usage',
    hint: 'An address is MULTIADDR/p2p/PEERID with an optional #x0id, as `x0 self` prints it on the other node.',
  },
  'name-invalid': { exit: 'usage' },
  'invite-invalid': { exit: 'usage', hint: 'Copy the whole line that `x0 invite` printed on the other machine.' },
  'fields-invalid': { exit: 'usage' },
  'account-exists': { exit: 'failure', hint: '`x0 user list` shows it.' },
  'account-unknown': { exit: 'failure', hint: '`x0 user list` shows which there are.' },
  'token-unknown': { exit: 'failure', hint: '`x0 token list` shows which there are.' },
  'limit-reached': { exit: 'failure' },
  'login-failed': { exit: 'denied' },
  'login-limited': { exit: 'denied', hint: MOMENT_HINT },
  'peer-is-self': { exit: 'usage' },
  'token-required': { exit: 'denied', hint: TOKEN_HINT },
  'not-a-member': { exit: 'denied', hint: '`x0 members` lists the members; run the command at one of them.' },
  'admission-by-vote': { exit: 'denied' },
  'join-refused': { exit: 'denied' },
  'renewal-refused': { exit: 'denied' },
  'origin-refused': { exit: 'denied' },
  'scope-missing': { exit: 'denied', hint: TOKEN_HINT },
  'route-unknown': { exit: 'failure', hint: VERSION_HINT },
  'peer-unknown': { exit: 'unreachable' },
  'node-unknown': { exit: 'failure', hint: '`x0 members` lists the nodes that this one knows.' },
  'invite-unknown': { exit: 'failure', hint: '`x0 invites list` lists those that are open.' },
  'method-unsupported': { exit: 'failure', hint: VERSION_HINT },
  'request-timeout': { exit: 'failure', hint: MOMENT_HINT },
  'peer-ambiguous': { exit: 'usage', hint: 'Give the whole peer id or x0 id.' },
  'in-network': { exit: 'failure', hint: 'Leave it first with `x0 leave`.' },
  'no-network': { exit: 'failure', hint: 'Found one with `x0 network create NAME`, or join one with `x0 join LINE`.' },
  'last-member': {
    exit: 'failure',
    hint: 'Nobody could admit or revoke nodes any more. `x0 leave --force` leaves all the same.',
  },
  'name-taken': { exit: 'failure', hint: 'Choose another one with --name.' },
  'too-many': { exit: 'failure' },
  'member-protected': { exit: 'failure' },
  'revocation-refused': { exit: 'failure' },
  'block-unknown': { exit: 'unreachable', hint: '`x0 peer blocked` lists what is blocked.' },
  'not-saved': { exit: 'badConfig', hint: 'Without --save it is done until the next start.' },
  'body-too-large': { exit: 'usage' },
  'body-type-unsupported': { exit: 'failure', hint: VERSION_HINT },
  'host-refused': {
    exit: 'denied',
    hint: 'Name this machine in --api as the node knows it (see admin.allowedHosts in its config).',
  },
  'rate-limited': { exit: 'notReady', hint: MOMENT_HINT },
  'token-failures': { exit: 'denied', hint: TOKEN_HINT },
  'headers-too-large': { exit: 'usage' },
  'internal-error': { exit: 'failure', hint: 'The log of the node says more.' },
  'store-failed': { exit: 'failure', hint: 'Look at the disk of the node, then restart it.' },
  unreachable: { exit: 'unreachable', hint: 'Does the other node run, and may this machine reach that address?' },
  'protocol-unsupported': { exit: 'failure' },
  'identity-mismatch': {
    exit: 'verificationFailed',
    hint: 'Do not trust that address. Ask the owner of the peer for its x0 id over another way (`x0 self` shows it).',
  },
  'refused-by-peer': { exit: 'denied', hint: 'Ask the owner of the peer: `x0 events` on that side says why.' },
  'handshake-failed': { exit: 'failure', hint: '`x0 events` on both sides says more.' },
  'not-ready': { exit: 'notReady', hint: 'Wait for it with `x0 wait --ready`.' },
  busy: { exit: 'notReady', hint: MOMENT_HINT },
  timeout: { exit: 'unreachable', hint: 'Check the way to that address, then try again.' },
}

/** The failure that an HTTP answer of the admin port stands for: by its problem `code` (RFC 9457), else by its status. */
export function problemFailure(status: number, headers: IncomingHttpHeaders, body: string): CommandFailure {
  const problem = parse(headers, body)
  const known = Object.entries(MEANINGS).find(([code]) => code === problem.code)?.[1]
  const { exit, hint }: Meaning = known ?? { exit: byStatus(status) }
  const detail = problem.detail || problem.title || `the node answered with HTTP status ${status}`
  return new CommandFailure(exit, sentence(detail), hint === undefined ? {} : { hint })
}

/** The same for a fault that a command met in the home itself, without a running node. */
export function faultFailure(code: ProblemCode, message: string): CommandFailure {
  const { exit, hint } = MEANINGS[code]
  return new CommandFailure(exit, sentence(message), hint === undefined ? {} : { hint })
}

/** For codes of a newer node, and for what stands between this command and the node. */
function byStatus(status: number): ExitName {
  if (status === 401 || status === 403) return 'denied'
  return status === 503 ? 'notReady' : 'failure'
}

function parse(headers: IncomingHttpHeaders, body: string): { code: string; title: string; detail: string } {
  const nothing = { code: '', title: '', detail: '' }
  if (!/json/.test(headers['content-type'] ?? '')) return nothing
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null) return nothing
    const text = (name: string): string => {
      const found: unknown = Reflect.get(value, name)
      return typeof found === 'string' ? found : ''
    }
    return { code: text('code'), title: text('title'), detail: text('detail') }
  } catch (error) {
    if (error instanceof SyntaxError) return nothing
    throw error
  }
}
