/** Entries kept, about 400 bytes each: 40 MB. A flood of everything that peers can cause fills it in five hours, see KIND_RATE. */
export const MAX_ENTRIES = 100_000
/** Entries that one pruning takes away: seldom, and below what one batch of the store holds. */
export const PRUNED_AT_ONCE = 5_000
/** Fields of one entry, characters of a field's name and of its text: it is one line for people, and peers' texts may be in it. */
export const MAX_FIELDS = 16
export const MAX_FIELD_NAME = 32
export const MAX_FIELD_TEXT = 256
/** Bytes of one entry: its fields at their largest (UTF-8 has at most 3 bytes for one of JavaScript's characters). */
export const MAX_ENTRY_BYTES = 128 + 64 + MAX_FIELDS * (1 + MAX_FIELD_NAME + 1 + 2 + 3 * MAX_FIELD_TEXT)
/** Of each kind that peers can cause: entries that one source gets at once, and again in each minute. */
export const SOURCE_RATE = { limit: 10, periodMs: 60_000 } as const
/** The same for all sources together, who may be one person with many identities. */
export const KIND_RATE = { limit: 100, periodMs: 60_000 } as const
/** Sources whose rate is remembered, of each kind. */
export const MAX_SOURCES = 4_096
/** How long what was left out is counted before an entry says how much it was. */
export const SUPPRESSED_AFTER_MS = 10_000
/** A head is signed at most so often: until then an entry is written, and nothing proves it. */
export const SIGN_AFTER_MS = 1_000
/** Entries of one page of the admin port: 400 kB. */
export const MAX_PAGE = 1_000
