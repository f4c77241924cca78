import { open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { checkValue } from './check-value.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { crossCheck } from './cross-check.ts'
import { withDefaults } from './defaults.ts'
import { MAX_FILE_BYTES, MAX_PROBLEMS } from './limits.ts'
import { describeOrigin, type LoadedConfig, type Origin } from './origin.ts'
import { parseText } from './parse-text.ts'
import { readEnvironment } from './read-environment.ts'
import { type FileValue, readConfigText } from './read-file.ts'
import { type Config, ConfigSchema } from './schema.ts'
import { configLeaves, type Leaf, schemaNode } from './schema-tree.ts'

/** The file in the home folder that is read when no other is named. */
export const CONFIG_FILE_NAME = 'config.yaml'

type Environment = Readonly<Record<string, string | undefined>>

/** A setting given on the command line. */
export interface FlagValue {
  /** The setting, as `admin.address`. */
  readonly path: string
  /** As the operator knows it, `--admin`. */
  readonly flag: string
  /** A text is read as in a variable; anything else must have the kind that the setting takes. */
  readonly value: string | number | boolean | readonly string[]
}

export interface ConfigSources {
  readonly flags: readonly FlagValue[]
  readonly env: Environment
  /** Path as shown in messages, and content. */
  readonly file: { readonly path: string; readonly text: string } | undefined
  /** What relative paths in flags and variables start from; those in the file start from its folder. */
  readonly folder: string
}

/**
 * Reads the file (`configFile`, else config.yaml in the home, where it may be missing) and resolves all settings.
 * @throws ConfigError
 */
export async function loadConfig(from: {
  readonly home: string
  readonly flags: readonly FlagValue[]
  readonly env: Environment
  readonly configFile?: string
}): Promise<LoadedConfig> {
  const path = resolve(from.configFile ?? join(from.home, CONFIG_FILE_NAME))
  const text = await readText(path, from.configFile !== undefined)
  return resolveConfig({
    flags: from.flags,
    env: from.env,
    file: text === undefined ? undefined : { path, text },
    folder: process.cwd(),
  })
}

/**
 * Flag over variable over file over default, setting by setting (a list replaces a list).
 * @throws ConfigError with all problems found
 */
export function resolveConfig(sources: ConfigSources): LoadedConfig {
  const leaves = configLeaves()
  const problems: ConfigProblem[] = []
  const inFile =
    sources.file === undefined ? new Map<string, FileValue>() : readConfigText(sources.file.text, sources.file.path, problems)
  const inEnvironment = readEnvironment(sources.env, leaves, problems)
  const origins = new Map<string, Origin>()
  const built: Record<string, unknown> = {}

  for (const leaf of leaves) {
    const candidates = candidatesFor(leaf, sources, inEnvironment, inFile)
    // A wrong value is told even where a stronger source hides it: it would bite later.
    for (const { value, origin } of candidates) {
      for (const { code, below, message } of checkValue(leaf.node, value)) {
        problems.push({ code, path: leaf.path + below, where: describeOrigin(origin), message })
      }
    }
    const [chosen] = candidates
    origins.set(leaf.path, chosen?.origin ?? { kind: 'default' })
    const value = chosen === undefined ? structuredClone(leaf.node.default) : absolute(leaf, chosen, sources)
    if (value !== undefined) place(built, leaf.keys, value)
  }
  refuse(problems)

  for (const { code, below, message } of checkValue(schemaNode(ConfigSchema), built)) {
    problems.push({ code, path: below.slice(1), where: '', message })
  }
  refuse(problems)
  const config = withDefaults(schemaNode(ConfigSchema), built)
  if (!isConfig(config)) throw new TypeError('the loader and the schema disagree')

  const whereIs = (path: string) => origins.get(path.replace(/\[.*$/, '')) ?? { kind: 'default' }
  for (const { code, path, message } of crossCheck(config, (path) => whereIs(path).kind !== 'default')) {
    problems.push({ code, path, where: describeOrigin(whereIs(path)), message })
  }
  refuse(problems)
  return {
    config,
    origins,
    file: sources.file?.path,
    withFile: (path, text) => resolveConfig({ ...sources, file: { path, text } }),
  }
}

interface Candidate {
  readonly value: unknown
  readonly origin: Origin
}

/** The values given for one setting, the strongest first. */
function candidatesFor(
  leaf: Leaf,
  sources: ConfigSources,
  inEnvironment: ReadonlyMap<string, string>,
  inFile: ReadonlyMap<string, FileValue>,
): Candidate[] {
  const candidates: Candidate[] = []
  const flag = sources.flags.findLast(({ path }) => path === leaf.path)
  if (flag !== undefined) {
    const value = typeof flag.value === 'string' ? parseText(leaf.node, flag.value) : flag.value
    candidates.push({ value, origin: { kind: 'flag', flag: flag.flag } })
  }
  const text = inEnvironment.get(leaf.variable)
  if (text !== undefined)
    candidates.push({ value: parseText(leaf.node, text), origin: { kind: 'variable', variable: leaf.variable } })
  const entry = inFile.get(leaf.path)
  if (entry !== undefined) {
    candidates.push({ value: entry.value, origin: { kind: 'file', file: sources.file?.path ?? '', line: entry.line } })
  }
  return candidates
}

/** Paths of files become absolute once, here: the daemon may run in another folder. */
function absolute(leaf: Leaf, { value, origin }: Candidate, sources: ConfigSources): unknown {
  if (leaf.node['x-file'] !== true || typeof value !== 'string') return value
  return resolve(origin.kind === 'file' ? dirname(origin.file) : sources.folder, value)
}

function place(target: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [first, ...rest] = keys
  if (first === undefined) return
  if (rest.length === 0) {
    target[first] = value
    return
  }
  const section: Record<string, unknown> = {}
  const existing = target[first]
  if (typeof existing === 'object' && existing !== null) Object.assign(section, existing)
  place(section, rest, value)
  target[first] = section
}

function refuse(problems: readonly ConfigProblem[]): void {
  const [first, ...others] = problems
  if (first !== undefined) throw new ConfigError(first, others.slice(0, MAX_PROBLEMS - 1))
}

async function readText(path: string, required: boolean): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > MAX_FILE_BYTES) {
      throw new ConfigError({
        code: 'unreadable',
        path: '',
        where: path,
        message: `the file has ${size} bytes, at most ${MAX_FILE_BYTES} are allowed`,
      })
    }
    return await file.readFile('utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (missing && !required) return undefined
    const reason = missing
      ? 'there is no such file'
      : `it cannot be read (${error instanceof Error ? error.message : String(error)})`
    throw new ConfigError({ code: 'unreadable', path: '', where: path, message: reason }, [], { cause: error })
  }
}

function isConfig(value: unknown): value is Config {
  return checkValue(schemaNode(ConfigSchema), value).length === 0
}
