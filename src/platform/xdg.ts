import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The folder for a user's data by the XDG Base Directory Specification 0.8: `$XDG_DATA_HOME`, else `~/.local/share`.
 * The specification says that a relative value is invalid and must be ignored.
 */
export function xdgDataFolder(env: Environment, home: string = homedir()): string {
  const configured = env.XDG_DATA_HOME
  return configured !== undefined && isAbsolute(configured) ? configured : join(home, '.local', 'share')
}

/** The home folder of a node when no `--home` is given: `$X0_HOME`, else `x0` in the XDG data folder. Absolute. */
export function defaultHomeFolder(env: Environment, home: string = homedir()): string {
  return env.X0_HOME === undefined || env.X0_HOME === '' ? join(xdgDataFolder(env, home), 'x0') : resolve(env.X0_HOME)
}
