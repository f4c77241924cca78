const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface OriginFacts {
  readonly method: string
  /** The scheme that the request came over and its Host header, which has been checked. */
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly origin: string | undefined
  /** Sec-Fetch-Site, which browsers set and pages cannot. */
  readonly fetchSite: string | undefined
}

/**
 * Whether a write may come from where it says it comes from. A browser names the page's origin on every write; a
 * command line names none. Reads pass: without CORS headers no page can see their answers.
 *
 * @param allowed exact origins, as configured
 */
export function originAllowed(facts: OriginFacts, allowed: readonly string[]): boolean {
  if (READS.has(facts.method)) return true
  const { origin, fetchSite } = facts
  if (origin !== undefined && allowed.includes(origin)) return true
  if (origin !== undefined && origin !== `${facts.scheme}://${facts.host}`) return false
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none'
}
