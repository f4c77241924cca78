/** What of the admin port can change while it runs; the rest needs a restart. */
export interface AdminSettings {
  /** /metrics needs no token where the port is on loopback. */
  readonly openMetrics: boolean
  /** Host names beside this machine's own, without port. */
  readonly allowedHosts: readonly string[]
  /** Exact origins, such as https://example.org. */
  readonly allowedOrigins: readonly string[]
  /** Requests a second of one client, in the long run and at once. */
  readonly requestsPerSecond: number
  readonly burst: number
  /** Whoever reaches the port may register an account, without any token. */
  readonly openRegistration: boolean
}
