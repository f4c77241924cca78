import type { Scope } from '../trust/accounts/scope.ts'

/**
 * Who may call a route: anyone; a token with that scope; any valid token; `read-off-loopback` and `metrics-unless-open`
 * are open where the port is on loopback (the latter only if the config says so) and need their scope elsewhere;
 * `admin-unless-open` is open where the config opens registration.
 */
export type Access = 'anyone' | Scope | 'token' | 'read-off-loopback' | 'metrics-unless-open' | 'admin-unless-open'

export interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `:name` stands for one segment. */
  readonly path: string
  readonly access: Access
  /** The label of the resource in metrics, where several routes share one: each label is up to 16 series. */
  readonly label?: string
  /** It answers without end, so it has no HEAD. */
  readonly endless?: true
}

/** All of the accounts but the login, which is slow on purpose and must not hide the others. */
const USERS = { label: '/api/v1/users' } as const
const TOKENS = { label: '/api/v1/tokens' } as const

/** Every route of the port: routes/ registers no other (tested), docs/api.md names each, and metrics label by `label` or `path`. */
export const ROUTES: readonly RouteFacts[] = [
  { method: 'GET', path: '/health', access: 'anyone', label: '/health' },
  { method: 'GET', path: '/livez', access: 'anyone', label: '/health' },
  { method: 'GET', path: '/readyz', access: 'anyone', label: '/health' },
  { method: 'GET', path: '/metrics', access: 'metrics-unless-open' },
  { method: 'GET', path: '/mesh/self', access: 'read' },
  { method: 'GET', path: '/mesh/status', access: 'read' },
  { method: 'GET', path: '/mesh/peers', access: 'read' },
  { method: 'POST', path: '/mesh/peers', access: 'operate' },
  { method: 'DELETE', path: '/mesh/peers/:peer', access: 'operate', label: '/mesh/peers' },
  { method: 'GET', path: '/mesh/blocks', access: 'read', label: '/mesh/peers' },
  { method: 'POST', path: '/mesh/blocks', access: 'operate', label: '/mesh/peers' },
  { method: 'DELETE', path: '/mesh/blocks/:peer', access: 'operate', label: '/mesh/peers' },
  { method: 'POST', path: '/mesh/ping', access: 'operate' },
  { method: 'POST', path: '/security/handshake', access: 'operate' },
  { method: 'GET', path: '/v1/events', access: 'read', endless: true },
  { method: 'GET', path: '/log/level', access: 'read' },
  { method: 'PUT', path: '/log/level', access: 'admin' },
  { method: 'GET', path: '/network', access: 'read', label: '/network' },
  { method: 'POST', path: '/network/create', access: 'admin', label: '/network' },
  { method: 'POST', path: '/network/join', access: 'admin', label: '/network' },
  { method: 'POST', path: '/network/leave', access: 'admin', label: '/network' },
  { method: 'GET', path: '/network/members', access: 'read', label: '/network' },
  { method: 'GET', path: '/network/invites', access: 'admin', label: '/network' },
  { method: 'POST', path: '/network/invites', access: 'admin', label: '/network' },
  { method: 'DELETE', path: '/network/invites/:id', access: 'admin', label: '/network' },
  { method: 'GET', path: '/network/pending', access: 'admin', label: '/network' },
  { method: 'POST', path: '/network/pending/:node/accept', access: 'admin', label: '/network' },
  { method: 'POST', path: '/network/pending/:node/ignore', access: 'admin', label: '/network' },
  { method: 'GET', path: '/network/credential', access: 'read', label: '/network' },
  { method: 'POST', path: '/network/credential/renew', access: 'operate', label: '/network' },
  { method: 'GET', path: '/network/revocations', access: 'read', label: '/network' },
  { method: 'POST', path: '/network/revocations', access: 'admin', label: '/network' },
  { method: 'GET', path: '/policy', access: 'read', label: '/policy' },
  { method: 'POST', path: '/policy/explain', access: 'read', label: '/policy' },
  { method: 'GET', path: '/audit', access: 'admin', label: '/audit' },
  { method: 'GET', path: '/audit/verify', access: 'admin', label: '/audit' },
  { method: 'GET', path: '/openapi.json', access: 'read-off-loopback', label: '/docs' },
  { method: 'POST', path: '/api/v1/users/register', access: 'admin-unless-open', ...USERS },
  { method: 'POST', path: '/api/v1/users/login', access: 'anyone' },
  { method: 'POST', path: '/api/v1/users/logout', access: 'token', ...USERS },
  { method: 'GET', path: '/api/v1/users/me', access: 'token', ...USERS },
  { method: 'PUT', path: '/api/v1/users/me/password', access: 'token', ...USERS },
  { method: 'GET', path: '/api/v1/users', access: 'admin', ...USERS },
  { method: 'DELETE', path: '/api/v1/users/:id', access: 'admin', ...USERS },
  { method: 'PUT', path: '/api/v1/users/:id/scopes', access: 'admin', ...USERS },
  { method: 'PUT', path: '/api/v1/users/:id/password', access: 'admin', ...USERS },
  { method: 'GET', path: '/api/v1/tokens', access: 'token', ...TOKENS },
  { method: 'POST', path: '/api/v1/tokens', access: 'token', ...TOKENS },
  { method: 'DELETE', path: '/api/v1/tokens/:id', access: 'token', ...TOKENS },
  { method: 'GET', path: '/docs', access: 'read-off-loopback' },
]

/** The route label of requests that fit no route. */
export const UNMATCHED = 'unmatched'

/** The closed set of the `route` label of the HTTP metrics. */
export const ROUTE_LABELS: readonly string[] = [...new Set(ROUTES.map(({ label, path }) => label ?? path)), UNMATCHED]

/** The label of a matched template: everything below /docs (the files of Swagger UI) is one. */
export function routeLabel(template: string | undefined): string {
  if (template === undefined) return UNMATCHED
  const path = tablePath(template)
  return ROUTES.find((route) => route.path === path)?.label ?? path
}

/** Who may call a route, by its template. What the table does not name is for admins only. */
export function accessOf(method: string, template: string): Access {
  const path = tablePath(template)
  const asked = method === 'HEAD' ? 'GET' : method
  return ROUTES.find((route) => route.method === asked && route.path === path)?.access ?? 'admin'
}

/** The methods that a path has, for the Allow header; none where nothing is there. */
export function methodsOf(path: string): string[] {
  const methods = ROUTES.filter((route) => fits(route.path, path)).flatMap(({ method, endless }) => {
    return method === 'GET' && endless !== true ? ['GET', 'HEAD'] : [method]
  })
  return [...new Set(methods)]
}

/** Everything below /docs stands in the table as /docs. */
function tablePath(template: string): string {
  return template.startsWith('/docs') ? '/docs' : template
}

function fits(template: string, path: string): boolean {
  const [wanted, given] = [template.split('/'), path.split('/')]
  if (wanted.length !== given.length) return false
  return wanted.every((segment, at) => (segment.startsWith(':') ? given[at] !== '' : segment === given[at]))
}
