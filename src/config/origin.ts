import type { Config } from './schema.ts'

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'variable'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'default' }

/** The settings in force, and for each (`admin.address`) where it comes from. */
export interface LoadedConfig {
  readonly config: Config
  readonly origins: ReadonlyMap<string, Origin>
  /** The file that was read; undefined where there was none. */
  readonly file: string | undefined
  /** The settings that another text of the file would give, with the same flags and variables. @throws ConfigError */
  readonly withFile: (path: string, text: string) => LoadedConfig
}

/** `--admin`, `X0_ADMIN_ADDRESS`, `/home/x0/config.yaml line 3` or `default`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag
    case 'variable':
      return origin.variable
    case 'file':
      return `${origin.file} line ${origin.line}`
    case 'default':
      return 'default'
  }
}

/** True where the operator set `path`: a default port that is taken gives way to a free one, an explicit one does not. */
export function isExplicit(loaded: LoadedConfig, path: string): boolean {
  const origin = loaded.origins.get(path)
  if (origin === undefined) throw new TypeError(`no such setting: ${path}`)
  return origin.kind !== 'default'
}
