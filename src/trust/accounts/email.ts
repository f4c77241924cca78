import { domainToASCII } from 'node:url'
import { MAX_EMAIL_LENGTH, MAX_LOCAL_PART_LENGTH } from './limits.ts'

/** Before the @: anything but spaces, control and formatting characters, and what only a quoted local part may hold. */
const LOCAL_PART = /^[^\s\p{C}"(),:;<>@[\\\]]+$/u
/** One or more labels, in any script; none begins or ends with a hyphen. */
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?$/u

/**
 * What an e-mail address is compared by: composed and folded (NFKC), in small letters, the domain as DNS has it
 * (xn--...). Two spellings of one address must not make two accounts. Undefined where it is no address.
 */
export function emailKey(text: string): string | undefined {
  if (text.length > MAX_EMAIL_LENGTH || !text.isWellFormed()) return undefined
  const folded = text.normalize('NFKC').toLowerCase().normalize('NFKC')
  const at = folded.lastIndexOf('@')
  const local = folded.slice(0, Math.max(0, at))
  const domain = folded.slice(at + 1)
  if (at < 0 || local.length > MAX_LOCAL_PART_LENGTH || !LOCAL_PART.test(local)) return undefined
  if (!domain.split('.').every((label) => LABEL.test(label))) return undefined
  const ascii = domainToASCII(domain)
  return ascii === '' ? undefined : `${local}@${ascii}`
}
