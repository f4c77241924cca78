/** The message of an error as a sentence for people. A code in front of it, such as `wrong-network:`, stays as it is. */
export function sentence(message: string): string {
  const capital = /^[a-z0-9-]+:/.test(message) ? message : `${message.charAt(0).toUpperCase()}${message.slice(1)}`
  return /[.!?]$/.test(message) ? capital : `${capital}.`
}
