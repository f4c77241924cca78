/** Every bound of the host, with its reason. Times in milliseconds, sizes in bytes. */

// ---- connections (connection-gater.ts, libp2p-host.ts)

/** Raw connections that may be in the handshake at once, all addresses together: 128 x about 20 kB of state. */
export const MAX_PENDING_INBOUND = 128
/** libp2p refuses without a word to us; its bound only has to be out of the way of ours, of a burst in one turn as well. */
export const LIBP2P_PENDING_INBOUND = MAX_PENDING_INBOUND + 64
/** Share of those places that is kept for addresses which completed a handshake lately. */
export const RESERVED_PENDING_SHARE = 0.25
/** Handshakes in progress per address: a household or a NAT starts few at once, a flood many. */
export const MAX_PENDING_PER_ADDRESS = 16
/** Open inbound connections per address: many nodes may sit behind one NAT, but one address must not take every place. */
export const MAX_INBOUND_PER_ADDRESS = 64
/** New inbound connections per address: burst, and then per second. */
export const INBOUND_BURST_PER_ADDRESS = 32
export const INBOUND_RATE_PER_ADDRESS = 5
/** Addresses (IPv4 address, IPv6 /64) whose buckets are remembered; the idlest is forgotten first. */
export const MAX_TRACKED_ADDRESSES = 4096
/** libp2p counts per host and second as well; ours (above) is finer, so this only has to be out of its way. */
export const LIBP2P_INBOUND_THRESHOLD = 100
/** Time for a whole dial, name resolution and handshake included. */
export const DIAL_TIMEOUT_MS = 10_000
/** One address of a peer that has several must not use up the whole dial. */
export const ADDRESS_DIAL_TIMEOUT_MS = 5_000
/** The responder's side of a handshake; slow-loris peers are cut here. */
export const INBOUND_UPGRADE_TIMEOUT_MS = 8_000
/** Peer store: libp2p forgets addresses after 1 h and peers after 6 h, which loses a laptop over night. */
export const PEER_ADDRESS_AGE_MS = 7 * 24 * 3_600_000
export const PEER_AGE_MS = 30 * 24 * 3_600_000

/** The handshake of a joiner without a configuration, a slow line included. */
export const JOINER_HANDSHAKE_MS = 5_000

/** multistream-select's own bound on a line (protocol id and newline). */
export const MAX_NEGOTIATION_LINE_BYTES = 1024
/** Lines of a negotiation: greetings, encrypters and muxers that are tried. A node of ours needs three, others a dozen. */
export const MAX_NEGOTIATION_LINES = 32

// ---- DHT (dht.ts)

/** Bucket size and reach of a query. Everybody connects to everybody in nets smaller than this; 20 (the default) is dear. */
export const DHT_K = 10
/** Requests in flight per query path. */
export const DHT_ALPHA = 3
/** Disjoint paths, so that one liar cannot capture a query (S/Kademlia). */
export const DHT_PATHS = 2
/** A query ends here: without a signal kad-dht waits for ever where it knows nobody. */
export const DHT_QUERY_TIMEOUT_MS = 10_000
/** A single request of a query. */
export const DHT_REQUEST_TIMEOUT_MS = 5_000
/** How often a node looks for its own neighbourhood (default 5 min; searches of the supervisor come on top). */
export const DHT_SELF_QUERY_INTERVAL_MS = 15 * 60_000
export const DHT_FIRST_SELF_QUERY_MS = 250

// ---- gossip (gossip.ts)

/** The largest message of any topic. An RPC is not fragmented, so this stays far below 4 MiB. */
export const MAX_GOSSIP_MESSAGE_BYTES = 64 * 1024
/** What may wait for one slow peer before its stream is reset: gossipsub has no back-pressure of its own. */
export const MAX_GOSSIP_BACKLOG_BYTES = 4 * 1024 * 1024
/** How long message ids are remembered; presence may be replayed after it, its sequence catches that. */
export const GOSSIP_SEEN_MS = 120_000

// ---- streams (streams.ts)

/** Wait for one frame of a request or a reply. */
export const FRAME_TIMEOUT_MS = 5_000
/** libp2p's bound on the streams of a protocol is this much above ours: it resets what is beyond without counting. */
export const LIBP2P_STREAMS_BEYOND = 16
/** Time to open a stream on a live connection. */
export const STREAM_OPEN_TIMEOUT_MS = 5_000

// ---- ping (ping-service.ts)

/** A ping stream is for one ping or a few; libp2p's own bound. */
export const PING_STREAM_MS = 10_000
/** Streams of one peer, each way: the DHT and operators may ask at once, and the tails of the last pings be on their way. */
export const MAX_PING_STREAMS = 8

// ---- supervisor

/** Peers remembered, connected or not. */
export const MAX_KNOWN_PEERS = 1024
/** Peers that an operator may name: 64 bootstrap lines, 128 persistent peers, and 64 more by command. */
export const MAX_WANTED_PEERS = 256
/** Of them those in `peers.persistent`, which may be connected beyond `peers.max`. */
export const MAX_PERSISTENT_PEERS = 128
/** Addresses kept per peer. */
export const MAX_ADDRESSES_PER_PEER = 16
/** A multiaddr longer than this is no address of ours. */
export const MAX_ADDRESS_BYTES = 256
/** First step of the backoff. */
export const RETRY_FIRST_MS = 1_000
/** Longest wait between two tries at a wanted peer. */
export const RETRY_MAX_MS = 30_000
/** For this long after it was last up a peer is tried every second: restarts and cable pulls end in that time. */
export const RETRY_DENSE_MS = 60_000
/** Unwanted peers: longest wait, and tries before one that never answered is forgotten. */
export const CANDIDATE_RETRY_MAX_MS = 300_000
export const CANDIDATE_TRIES = 6
/** An unwanted peer that was up is still tried for this long, as far as places are free. */
export const KEEP_TRYING_MS = 3_600_000
/**
 * A peer that refused us for who we are or where we belong will say the same in a second: first wait, and the longest for a
 * wanted peer and for others. A connection of its own, `x0 peer add` and a change of network come sooner.
 */
export const JUDGED_RETRY_FIRST_MS = 5_000
export const JUDGED_RETRY_MAX_WANTED_MS = 60_000
export const JUDGED_RETRY_MAX_MS = 600_000
/** A peer that was removed is neither dialled nor let in before this: else it would be back at once, by its own dial. */
export const REMOVED_PAUSE_MS = 600_000
/** Removed peers that are remembered for that; the oldest goes first. */
export const MAX_REMOVED_PEERS = 256
/** A peer that was let go because of `max` is not dialled again before this. */
export const TRIM_PAUSE_MS = 300_000
/** Dials of the supervisor in flight. Wanted peers come first. */
export const MAX_PARALLEL_DIALS = 8
/** Searches for more peers: from the first wait up to the last, growing, while below target. */
export const SEARCH_FIRST_MS = 1_000
/** Slower than doubling: five searches fall into the first 10 s, so that one slow query does not keep a newcomer alone. */
export const SEARCH_GROWTH = 1.5
export const SEARCH_MAX_MS = 600_000
/** Below the minimum there is reason to hurry. */
export const SEARCH_MAX_BELOW_MIN_MS = 30_000
/** How often the machine's own addresses are compared. */
export const NETWORK_POLL_MS = 5_000

// ---- blocks (block-book.ts)

/** How often ends of blocks are looked at, at the least: the wall clock may be set. */
export const BLOCK_CHECK_MS = 60_000

// ---- liveness

/** Idle probe period; docs/peers.md has the arithmetic of the wire. */
export const LIVENESS_IDLE_MS = 10_000
/** After a miss the next probes go out at this period, so that suspicion and failure follow soon. */
export const LIVENESS_URGENT_MS = 1_000
/** Least and most time that a probe may take; in between it is 4 x the smoothed round trip. */
export const LIVENESS_MIN_TIMEOUT_MS = 1_000
export const LIVENESS_MAX_TIMEOUT_MS = 5_000
/** Misses in a row until a peer is suspect, and until its connection is aborted. */
export const LIVENESS_SUSPECT_AFTER = 2
export const LIVENESS_DOWN_AFTER = 4
/** Loss is counted over this many probes. */
export const LIVENESS_LOSS_WINDOW = 32
/** Samples of the clock offset that are kept; the median of the quarter with the least round trip is believed. */
export const LIVENESS_OFFSET_SAMPLES = 16
/** A timer that fires this much late says that this process slept. */
export const LIVENESS_LAG_MS = 250
/** Probes from the far end that are answered: burst, and per second. More are dropped and counted. */
export const LIVENESS_PROBE_BURST = 16
export const LIVENESS_PROBE_RATE = 10

// ---- node records

/** Two keys and a signature are 5,357 bytes; the rest is addresses and neighbours. */
export const MAX_RECORD_BYTES = 12_288
export const MAX_RECORD_ADDRESSES = 16
export const MAX_RECORD_NEIGHBOURS = 64
export const MAX_RECORD_CAPABILITIES = 16
export const MAX_CAPABILITY_BYTES = 32
/** How long a record holds. A peer that is away longer is found again by its wanted addresses or its own dials. */
export const RECORD_LIFETIME_MS = 24 * 3_600_000
/** No record may outlive this, whatever it says: an old one cannot come back after its successor has expired. */
export const MAX_RECORD_LIFETIME_MS = 48 * 3_600_000
/** Sequences are wall clock: one further ahead than this is refused (a broken clock must not lock out its owner for ever). */
export const MAX_RECORD_AHEAD_MS = 24 * 3_600_000
/** Published again, unchanged, this often (with jitter). */
export const RECORD_REPUBLISH_MS = 6 * 3_600_000
/** Address and neighbour changes are collected for this long before a new record is signed. */
export const RECORD_DEBOUNCE_MS = 3_000
/** Neighbours alone change often: they cause a new record at most this often. */
export const RECORD_NEIGHBOUR_PERIOD_MS = 600_000
/** Records kept, in memory and on the shelf: about 6 kB each as they are, 12 MB at the very worst. */
export const MAX_RECORDS = 1024
/** Records that one peer may have placed here, its own not counted. */
export const MAX_RECORDS_PER_PEER = 64
/** How often expired records are dropped from memory and shelf; they count nowhere from the moment they expire. */
export const RECORD_SWEEP_MS = 10 * 60_000
/** Highest sequences remembered after a record is gone (40 bytes each). */
export const MAX_SEQUENCE_MARKS = 8192
/** Pairs of contradicting records kept as evidence, one a node; the newest stay. */
export const MAX_EVIDENCE = 16
/** Holders a record is placed with, and holders asked by a look-up. */
export const RECORD_HOLDERS = 6
/** Requests that one peer may make of us: burst, and per second. A put costs us one ML-DSA verification. */
export const RECORD_REQUEST_BURST = 32
export const RECORD_REQUEST_RATE = 2
/** A look-up ends here, whatever the holders do, and this long after the first good answer: slow holders cannot stall it. */
export const RECORD_LOOKUP_MS = 5_000
export const RECORD_LOOKUP_GRACE_MS = 1_000
/** Neighbours of known nodes that one search looks up. */
export const RECORD_SEARCH_LOOKUPS = 4
/** Record streams per connection. */
export const MAX_RECORD_STREAMS = 8
/** Peers whose token buckets are remembered at once. */
export const MAX_TRACKED_PEERS = 1024

// ---- presence

/** Header, times and a version string, then 3,373 bytes of signature. */
export const MAX_PRESENCE_BYTES = 3_500
/** Least time between two heartbeats; docs/peers.md has the arithmetic. */
export const PRESENCE_MIN_PERIOD_MS = 20 * 60_000
/** The period grows by this for each author heard, so that the load on a node does not grow with the network. */
export const PRESENCE_PERIOD_PER_AUTHOR_MS = 72_000
export const PRESENCE_MAX_PERIOD_MS = 6 * 3_600_000
/** The first heartbeat waits until gossip has a mesh. */
export const PRESENCE_FIRST_MS = 5_000
/** A heartbeat's clock may differ from ours by this much; beyond it the message is ignored, not held against its bearer. */
export const PRESENCE_WINDOW_MS = 10 * 60_000
/** Authors remembered. */
export const MAX_PRESENCE_AUTHORS = 4096
/** Heartbeats of one author: not more often than this (restarts included). */
export const PRESENCE_MIN_GAP_MS = 10_000
/** Look-ups of unknown authors' keys in flight, and how long one may hold up its message. */
export const MAX_PRESENCE_LOOKUPS = 4
export const PRESENCE_LOOKUP_MS = 1_000
export const MAX_VERSION_BYTES = 32

/** How often sessions are looked at for renewal; a minute more or less on 24 hours does not matter. */
export const RENEWAL_CHECK_MS = 60_000
/** How long the streams of a renewed session's old connection may take to end by themselves. */
export const RENEWAL_DRAIN_MS = 60_000

/**
 * gossipsub ends its part of a closed connection within a few turns of the event loop; then the streams are made anew. What
 * is published meanwhile does not reach that peer, so no longer than needed.
 */
export const REPAIR_AFTER_CLOSE_MS = 10
/** A lost gossip stream costs at most this long a silence from that peer; others relay meanwhile. */
export const REPAIR_CHECK_MS = 15_000

/** A round trip of 80 ms at 100 Mbit/s fills 1 MB: with yamux's stock 256 KiB a stream would wait for window updates. */
export const X0_YAMUX_INITIAL_WINDOW = 1024 * 1024
/** What one stream may have in flight at most; yamux's own default. */
export const X0_YAMUX_MAX_WINDOW = 16 * 1024 * 1024

/** A minute between clocks is beyond drift: records, presence and certificates begin to be refused for it. */
export const HEALTH_CLOCK_OFFSET_MS = 60_000
/** Timers a second late: probes of peers are then answered too late as well. */
export const HEALTH_LAG_MS = 1_000

/** A request of the join exchange is 32 KiB at most; an answer holds a genesis of at most 97 KiB and a credential. */
export const MAX_JOIN_FRAME_BYTES = 128 * 1024

/** Each request costs a member a signature and a write to the disk. A node renews twice a month; a door brings a few for others. */
export const JOIN_STREAM_BURST = 16
export const JOIN_STREAM_RATE = 1

/** A door that brings a request waits for a member that signs, and writes to its disk. */
export const JOIN_STREAM_ANSWER_MS = 8_000

// ---- revocations: gossip (trust-gossip.ts)

/** Revocations that one peer may bring by gossip: burst, and per second. The rest waits for a sync; each costs one ML-DSA verification. */
export const REVOCATION_BURST = 32
export const REVOCATION_RATE = 1

// ---- revocations: sync (trust-sync.ts)

/** Revoked nodes of a network: 32 founders may revoke 1,024 each. A list of them all is 1 MiB. */
export const MAX_SYNC_SUBJECTS = 32 * 1024
/** Subjects in one frame, 56 KiB: the longest list takes 19 of them, each asked for. */
export const SYNC_SUBJECTS_PER_FRAME = 1792
/**
 * Such a list, and the kind of the frame. Twice as much may wait unread (streams.ts); nobody sends more than one list or one
 * batch before the other end has asked for the next.
 */
export const MAX_SYNC_FRAME_BYTES = 1 + 32 * SYNC_SUBJECTS_PER_FRAME
/** Revocations that are asked for at once: 59 kB. */
export const SYNC_BATCH = 16
/** Revocations each way in one exchange: 3.8 MB, which 1 Mbit/s carries in its time. Whoever lacks more begins another one. */
export const MAX_SYNC_TRANSFER = 1024
/** The channel takes no larger credential either. */
export const MAX_PRESENTED_BYTES = 8 * 1024
/** Syncs of one connection that are served at once: one that ends and one that begins, or a credential. */
export const MAX_SYNC_STREAMS = 2
/** Exchanges that are begun at once, and such with lists that are served at once: each may hold two lists, 2 MiB. */
export const MAX_SYNCS_AT_ONCE = 8
/** A whole exchange. What was told until then is kept, and the next one goes on from there. */
export const SYNC_TIMEOUT_MS = 30_000
/** With one random peer, give or take a tenth; docs/revocation.md has the arithmetic of the wire. */
export const SYNC_PERIOD_MS = 30_000
/** Exchanges that one peer may begin: burst, and per second. */
export const SYNC_REQUEST_BURST = 16
export const SYNC_REQUEST_RATE = 1
/**
 * Subjects of revocations that mean nothing here (signed by nobody that is a member, or by one that has used up its share) are
 * not asked for again for this long; so many are remembered.
 */
export const SYNC_USELESS_MS = 3_600_000
export const MAX_SYNC_USELESS = 4096
/** Whoever has learned a revocation syncs with all its peers after this wait, up to twice as long, so that gossip can be first. */
export const SYNC_SPREAD_MS = 100
/** Least time between two such rounds: a member that signs many revocations must not make everybody talk without an end. */
export const SYNC_SPREAD_GAP_MS = 1_000

// ---- revocations: catching up (catch-up.ts)

/** How long a member is waited for, before a sync with any admitted peer is enough. */
export const CATCH_UP_GRACE_MS = 30_000
/** While catching up, peers that no sync was completed with are tried again this often. */
export const CATCH_UP_RETRY_MS = 2_000
/** A node that met nobody for this long, or whose machine slept as long, catches up again. */
export const CATCH_UP_AWAY_MS = 10 * 60_000
/** Peers remembered as synced with while no member was. One would do, but it may turn out to be revoked. */
export const MAX_CATCH_UP_HEARD = 16
/** identify allows one stream at a time: a try that meets another one in progress waits this long, and there are so many tries. */
export const REIDENTIFY_WAIT_MS = 200
export const REIDENTIFY_TRIES = 5

// ---- cutting (peer-cutter.ts, expiry-sweep.ts)

/** Time for a connection to end well, before it is aborted. Its streams end at once. */
export const CUT_GRACE_MS = 100
/** Credentials of live peers are looked at when one expires, and this often: the wall clock may jump. */
export const EXPIRY_CHECK_MS = 60_000
