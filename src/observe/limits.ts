/** Events kept in memory: about an hour of a busy node, at most 1,024 x 16 fields x 256 characters = 4 MiB at the very worst. */
export const EVENT_LOG_CAPACITY = 1_024

/** Fields of one event, and characters of one field: an event is one line of a log, and peers' texts may end up in it. */
export const EVENT_MAX_FIELDS = 16
export const EVENT_MAX_FIELD_LENGTH = 256

/** Events that one subscriber may be behind before it is told that it missed some. Less than the ring, so that a resume still works. */
export const SUBSCRIBER_QUEUE = 256

/** Subscribers at a time: a browser tab, a few command lines and collectors. Each costs one wake-up an event. */
export const MAX_SUBSCRIBERS = 32

/** Time series of an idle node, and of one that has seen every value of every label (200 peers add no label). */
export const MAX_SERIES_AT_REST = 300
export const MAX_SERIES = 1_000

/** Event-loop delay is sampled every 20 ms: fine enough for a 150 ms failure detector, 50 wake-ups a second. */
export const LOOP_LAG_RESOLUTION_MS = 20

/** Lag figures cover the last one to two windows of this length, whoever asks and however often. */
export const LOOP_LAG_WINDOW_MS = 30_000

/** So long without a refusal of one kind, and the next of them is news again. */
export const SPARING_QUIET_MS = 60_000
