import Type, { type Static, type TSchema } from 'typebox'

/**
 * Every setting of a node, once: this schema validates the file, the environment and the flags, yields the defaults,
 * docs/config.md and the JSON Schema for editors. Each description says what the key does, its unit and why the default
 * is what it is. `x-reload: live` marks what SIGHUP applies to a running node; everything else needs a restart.
 */
const live = { 'x-reload': 'live' } as const

/** A section: unknown keys are refused, and an absent section is filled with its defaults. */
const section = <T extends Record<string, TSchema>>(description: string, properties: T) =>
  Type.Object(properties, { additionalProperties: false, default: {}, description })

/** A whole number with its bounds: [least, most]. */
const whole = (bounds: readonly [number, number], fallback: number, description: string, options: object = {}) =>
  Type.Integer({ minimum: bounds[0], maximum: bounds[1], default: fallback, description, ...options })

const flag = (fallback: boolean, description: string, options: object = {}) =>
  Type.Boolean({ default: fallback, description, ...options })

const list = (bounds: readonly [number, number], fallback: readonly string[], description: string, options: object = {}) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
    minItems: bounds[0],
    maxItems: bounds[1],
    default: fallback,
    description,
    ...options,
  })

export const ADMIN_DEFAULT = '127.0.0.1:9690'
export const LISTEN_DEFAULT: readonly string[] = ['/ip4/0.0.0.0/tcp/9691', '/ip6/::/tcp/9691']

/** The open draft's encrypter, at whatever version it has reached; with classical /noise all that interop may name. */
const HYBRID_PROTOCOL_PATTERN = '^/noise-mlkem768-hfs/[0-9]+\\.[0-9]+\\.[0-9]+$'

export const InteropRule = Type.Object(
  {
    protocol: Type.String({
      maxLength: 128,
      pattern: `^/noise$|${HYBRID_PROTOCOL_PATTERN}`,
      description:
        'Encrypter to offer beside the x0 channel: /noise (classical, no protection against a quantum computer) or /noise-mlkem768-hfs/MAJOR.MINOR.PATCH.',
    }),
    peers: Type.Union(
      [Type.Literal('any'), Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 256 })],
      {
        description: 'Peer ids that may use it, or the word any.',
      },
    ),
    protocols: Type.Array(Type.String({ pattern: '^/', maxLength: 128 }), {
      maxItems: 64,
      default: [],
      description: 'Stream protocols such peers get besides identify and ping. Never gossip, relay or services of the network.',
    }),
  },
  { additionalProperties: false },
)

export const ConfigSchema = Type.Object(
  {
    listen: list(
      [0, 16],
      LISTEN_DEFAULT,
      'Multiaddrs to accept peers on; port 0 takes a free one. By default every interface, so that a first node is reachable by its peers without any setting; where port 9691 is taken the node takes a free one. A port written here that is taken is an error.',
    ),
    announce: list(
      [0, 16],
      [],
      'Multiaddrs told to peers instead of those listened on (a port forwarded by a router). Empty: those listened on.',
    ),
    bootstrap: list(
      [0, 64],
      [],
      'Ways into the network, tried at the start and kept connected while the node runs; what is to be kept for its own sake goes into peers.persistent. Each MULTIADDR, MULTIADDR/p2p/PEERID or MULTIADDR/p2p/PEERID#X0ID, as `x0 run` prints them. With the x0 id the first contact is already safe against a forged key. Empty: the node waits for others.',
    ),
    admin: section('The local HTTP port for the operator and Prometheus.', {
      address: Type.String({
        minLength: 3,
        maxLength: 262,
        default: ADMIN_DEFAULT,
        description:
          'HOST:PORT of the HTTP port; IPv6 in brackets; port 0 takes a free one. Loopback, because tokens travel in clear without TLS. Where the default port is taken the node takes a free one; one written here that is taken is an error.',
      }),
      socket: flag(true, 'Serve the same API on a unix socket in the home folder: file permissions then keep other users out.'),
      openMetrics: flag(
        true,
        'Serve /metrics without a token where the port is on loopback: Prometheus on this machine needs no secret, and no series holds one.',
        live,
      ),
      allowedHosts: list(
        [0, 32],
        [],
        'More names that the Host header may hold. By default only names of this machine: that stops DNS rebinding.',
        live,
      ),
      allowedOrigins: list(
        [0, 32],
        [],
        'Exact origins (https://example.org) that a browser may call from. By default none: CORS is off.',
        live,
      ),
      tls: Type.Optional(
        Type.Object(
          {
            certificate: Type.String({
              minLength: 1,
              maxLength: 4096,
              'x-file': true,
              description: 'PEM file with the certificate and its chain; read again when it changes.',
            }),
            key: Type.String({
              minLength: 1,
              maxLength: 4096,
              'x-file': true,
              description: 'PEM file with the private key; read again when it changes.',
            }),
          },
          {
            additionalProperties: false,
            description: 'HTTPS. Required for an address outside loopback, absent by default because loopback needs none.',
          },
        ),
      ),
      requestsPerSecond: whole(
        [1, 10_000],
        50,
        'Requests a second that one client may make in the long run: a dashboard and a scraper need fewer than 5.',
        live,
      ),
      burst: whole(
        [1, 100_000],
        100,
        'Requests that one client may make at once before the rate applies: one page of the API documentation needs about 20.',
        live,
      ),
    }),
    accounts: section('The accounts of the HTTP port.', {
      openRegistration: flag(
        false,
        'Let whoever reaches the HTTP port register an account of scope read, without a token. Off: an admin registers others.',
        live,
      ),
    }),
    peers: section('Which peers the node keeps, and how many.', {
      persistent: list(
        [0, 128],
        [],
        'Peers to keep connected for ever, lines as in bootstrap: redialled without end, never let go, and beyond max (they count towards min and target). A line that is added is dialled at once; one that is taken out is hung up on and left alone for 10 minutes. `x0 peer add` and `x0 peer rm` with --save write this list.',
        live,
      ),
      min: whole(
        [0, 1024],
        2,
        'Below this many peers that are up, the node looks for more without pause: with 2 the loss of one does not cut it off.',
      ),
      target: whole(
        [0, 1024],
        8,
        'Peers the node aims for; it does not look for more. 8 keep gossip (6 mesh links) and the DHT fed at a few hundred bytes a second.',
      ),
      max: whole(
        [1, 4096],
        64,
        'Peers the node keeps: above this many it hangs up on those it did not ask for, and at twice as many connections it refuses inbound ones. Each costs about 1 MB at worst.',
      ),
    }),
    discovery: section('How the node finds peers it was not told of.', {
      mdns: flag(
        false,
        'Announce and look for nodes on the local network by multicast DNS. Off: it tells everybody on the local network that a node runs here.',
      ),
    }),
    security: section('The channel and the keys.', {
      backend: Type.Enum(['native', 'portable'], {
        default: 'native',
        description:
          'Who computes the cryptography: native is OpenSSL in Node.js, portable is @noble in JavaScript, the same results about ten times slower.',
      }),
      interop: Type.Array(InteropRule, {
        maxItems: 8,
        default: [],
        description: 'Weaker encrypters offered on purpose to named peers. None by default: a downgrade then fails closed.',
      }),
      passphraseFile: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 4096,
          'x-file': true,
          description:
            'File whose first line opens the sealed keys. Absent: the keys are not sealed, or X0_PASSPHRASE or a terminal gives it.',
        }),
      ),
      renewAfterHours: whole(
        [1, 168],
        24,
        'Hours after which a session is replaced by one with a fresh key exchange: a key stolen from memory reads at most this much.',
      ),
      handshake: section('Bounds on inbound handshakes, each of which costs this node a signature.', {
        perAddressPerSecond: whole(
          [1, 10_000],
          10,
          'Handshakes a second accepted from one address (IPv6: one /64) in the long run: 10 let a whole office behind one address reconnect, and a flood costs 2 % of a core.',
        ),
        perAddressBurst: whole([1, 100_000], 40, 'Handshakes accepted at once from one address before the rate applies.'),
        concurrent: whole(
          [2, 1024],
          32,
          'Inbound handshakes in progress at once; a quarter of them is kept for addresses that were good lately.',
        ),
        timeoutMs: whole(
          [500, 8_000],
          5_000,
          'Milliseconds for a whole handshake: two round trips on a bad link, and short enough to shake off slow-loris peers. At most 8,000: then the host ends what has not become a connection.',
        ),
      }),
    }),
    policy: section('Who may do what at this node.', {
      file: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 4096,
          'x-file': true,
          description:
            'The policy document, YAML or JSON; read again when it changes and on SIGHUP. Absent: policy.yaml in the home folder, and where there is none everything is denied. Peering, the DHT and gossip are not access and go on.',
        }),
      ),
    }),
    limits: section('Bounds on what peers may hold.', {
      connectionsPerAddress: whole(
        [1, 4096],
        16,
        'Connections from one address (IPv6: one /64): a quarter of peers.max, so that one host cannot take every place.',
      ),
    }),
    liveness: section('How the node notices that a peer is gone.', {
      idleSeconds: whole(
        [1, 300],
        10,
        'Seconds between two probes on a quiet link: 33 bytes a second and link, both ends together. After a probe is missed they come every second; two misses make a peer suspect, four end the connection.',
      ),
    }),
    log: section('Logs go to stderr; stdout is data.', {
      level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
        default: 'info',
        description: 'Least level to write; info writes a few lines an hour on a node at rest.',
        ...live,
      }),
      format: Type.Enum(['text', 'json'], {
        default: 'text',
        description: 'text for people, json (one object a line) for collectors.',
      }),
    }),
  },
  {
    additionalProperties: false,
    title: 'x0 configuration',
    description: 'The settings of one x0 node. Precedence: flag, X0_* variable, this file, default.',
  },
)

export type Config = Static<typeof ConfigSchema>
export type InteropRule = Static<typeof InteropRule>
