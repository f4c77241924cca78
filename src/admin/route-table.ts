import type { Scope } from './authentication.ts'

/**
 * Who may call a route: anyone; a token with that scope; `read-off-loopback` and `metrics-unless-open` are open where
 * the port is on loopback (the latter only if the config says so) and need their scope elsewhere.
 */
export type Access = 'anyone' | Scope | 'read-off-loopback' | 'metrics-unless-open'

export interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly access: Access
  /** It answers without end, so it has no HEAD. */
  readonly endless?: true
}

/** Every route of the port: routes/ registers no other (tested), docs/api.md names each, and metrics label by `path`. */
export const ROUTES: readonly RouteFacts[] = [
  { method: 'GET', path: '/health', access: 'anyone' },
  { method: 'GET', path: '/livez', access: 'anyone' },
  { method: 'GET', path: '/readyz', access: 'anyone' },
  { method: 'GET', path: '/metrics', access: 'metrics-unless-open' },
  { method: 'GET', path: '/mesh/self', access: 'read' },
  { method: 'GET', path: '/mesh/status', access: 'read' },
  { method: 'GET', path: '/mesh/peers', access: 'read' },
  { method: 'POST', path: '/mesh/ping', access: 'operate' },
  { method: 'POST', path: '/security/handshake', access: 'operate' },
  { method: 'GET', path: '/v1/events', access: 'read', endless: true },
  { method: 'GET', path: '/log/level', access: 'read' },
  { method: 'PUT', path: '/log/level', access: 'admin' },
  { method: 'GET', path: '/policy', access: 'read' },
  { method: 'POST', path: '/policy/explain', access: 'read' },
  { method: 'GET', path: '/audit', access: 'admin' },
  { method: 'GET', path: '/audit/verify', access: 'admin' },
  { method: 'GET', path: '/openapi.json', access: 'read-off-loopback' },
  { method: 'GET', path: '/docs', access: 'read-off-loopback' },
]

/** The route label of requests that fit no route. */
export const UNMATCHED = 'unmatched'

/** The closed set of the `route` label of the HTTP metrics. */
export const ROUTE_LABELS: readonly string[] = [...new Set(ROUTES.map((route) => route.path)), UNMATCHED]

/** The label of a matched template: everything below /docs (the files of Swagger UI) is one. */
export function routeLabel(template: string | undefined): string {
  if (template === undefined) return UNMATCHED
  return template.startsWith('/docs') ? '/docs' : template
}

/** Who may call a route, by its template. What the table does not name is for admins only. */
export function accessOf(method: string, template: string): Access {
  const path = routeLabel(template)
  const asked = method === 'HEAD' ? 'GET' : method
  return ROUTES.find((route) => route.method === asked && route.path === path)?.access ?? 'admin'
}

/** The methods that a path has, for the Allow header; none where nothing is there. */
export function methodsOf(path: string): string[] {
  return ROUTES.filter((route) => route.path === path).flatMap(({ method, endless }) => {
    return method === 'GET' && endless !== true ? ['GET', 'HEAD'] : [method]
  })
}
