/** Bytes of a configuration file: the longest sensible one (64 bootstrap lines and every key) has 100 kB. */
export const MAX_FILE_BYTES = 1024 * 1024
/** Uses of YAML aliases: nobody needs many, and nested ones grow exponentially ("billion laughs"). */
export const MAX_ALIASES = 50
/** Problems told at once: more do not help whoever reads them. */
export const MAX_PROBLEMS = 20
/** Characters of a wrong value shown in a message. */
export const MAX_SHOWN = 60
