/** The namespaces of the store that hold what belongs to one network; all of them are emptied when a node leaves it. */
export const SHELVES = {
  network: 'network',
  revocations: 'revocations',
  invites: 'invites',
  issued: 'issued',
  ignored: 'ignored',
} as const
