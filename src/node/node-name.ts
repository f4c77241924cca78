import { hostname } from 'node:os'
import { isNodeName } from '../trust/names.ts'

/** Bytes of a label of DNS. */
const MOST = 63

/** The host name of this machine as a name of a node, or the beginning of its x0 id where nothing of it can be used. */
export function defaultNodeName(x0Id: string, host: string = hostname()): string {
  const [label = ''] = host.toLowerCase().split('.')
  const name = trimmed(label.replace(/[^a-z0-9-]+/g, '-').slice(0, MOST))
  return isNodeName(name) ? name : `node-${x0Id.slice(2, 10)}`
}

/** The same name made one of its kind, for where it is taken and nobody insists on it. */
export function distinctNodeName(name: string, x0Id: string): string {
  const suffix = `-${x0Id.slice(2, 8)}`
  return `${trimmed(name.slice(0, MOST - suffix.length))}${suffix}`
}

function trimmed(label: string): string {
  return label.replace(/^-+|-+$/g, '')
}
