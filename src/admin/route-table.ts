import type { Scope } from './authentication.ts'

/**
 * Who may call a route: anyone; a token with that scope; `read-off-loopback` and `metrics-unless-open` are open where
 * the port is on loopback (the latter only if the config says so) and need their scope elsewhere.
 */
export type Access = 'anyone' | Scope | 'read-off-loopback' | 'metrics-unless-open'

export interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly access: Access
  /** The label of the resource in metrics, where several routes share one: each label is up to 16 series. */
  readonly label?: string
  /** It answers without end, so it has no HEAD. */
  readonly endless?: true
}

/** Every route of the port: routes/ registers no other (tested), docs/api.md names each, and metrics label by `label`, else by `path`. */
export const ROUTES: readonly RouteFacts[] = [
  { method: 'GET', path: '/health', access: 'anyone', label: '/health' },
  { method: 'GET', path: '/livez', access: 'anyone', label: '/health' },
  { method: 'GET', path: '/readyz', access: 'anyone', label: '/health' },
  { method: 'GET', path: '/metrics', access: 'metrics-unless-open' },
  { method: 'GET', path: '/mesh/self', access: 'read' },
  { method: 'GET', path: '/mesh/status', access: 'read' },
  { method: 'GET', path: '/mesh/peers', access: 'read' },
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
  { method: 'GET', path: '/docs', access: 'read-off-loopback' },
]

/** The route label of requests that fit no route. */
export const UNMATCHED = 'unmatched'

/** The closed set of the `route` label of the HTTP metrics. */
export const ROUTE_LABELS: readonly string[] = [...new Set(ROUTES.map((route) => route.label ?? route.path)), UNMATCHED]

/** The label of a matched template: everything below /docs (the files of Swagger UI) is one. */
export function routeLabel(template: string | undefined): string {
  if (template === undefined) return UNMATCHED
  if (template.startsWith('/docs')) return '/docs'
  return ROUTES.find(({ path }) => path === template)?.label ?? template
}

/** Who may call a route, by its template. What the table does not name is for admins only. */
export function accessOf(method: string, template: string): Access {
  const path = template.startsWith('/docs') ? '/docs' : template
  const asked = method === 'HEAD' ? 'GET' : method
  return ROUTES.find((route) => route.method === asked && route.path === path)?.access ?? 'admin'
}

/** The methods that a path has, for the Allow header; none where nothing is there. */
export function methodsOf(path: string): string[] {
  return ROUTES.filter((route) => route.path === path).flatMap(({ method, endless }) => {
    return method === 'GET' && endless !== true ? ['GET', 'HEAD'] : [method]
  })
}
