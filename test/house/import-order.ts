import { posix } from 'node:path'

/** The architecture as data: see layers.json. */
export interface Layers {
  /** Top layer first. A file may import from its own layer and from those after it. */
  readonly order: readonly string[]
  /** Layers that never import each other, in either direction. */
  readonly strangers: readonly string[]
  /** File and folder names (without extension) that say nothing about what is inside. */
  readonly forbiddenNames: readonly string[]
}

// Static imports and exports, dynamic imports, inline type imports, and files started by URL (workers).
const SPECIFIERS =
  /\b(?:import|export)\b[^'"`]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]|\bnew URL\(\s*['"](\.[^'"]+)['"]\s*,\s*import\.meta\.url/g
const UNREADABLE = /\bimport\s*\(\s*(?!['"\s])/

/** Every module specifier that `source` names, in order. */
export function specifiers(source: string): string[] {
  return [...source.matchAll(SPECIFIERS)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

/** One sentence per breach of `layers` in `files` (path below src/, with slashes, to source text); empty when all is well. */
export function breaches(files: ReadonlyMap<string, string>, layers: Layers): string[] {
  const found: string[] = []
  for (const [file, source] of files) {
    const names = file.replace(/(\.\w+)+$/, '').split('/')
    for (const name of names) {
      if (layers.forbiddenNames.includes(name)) found.push(`${file}: the name '${name}' says nothing about what is inside`)
    }
    const layer = layerOf(file)
    if (!layers.order.includes(layer)) {
      found.push(`${file}: '${layer}' is not a layer`)
      continue
    }
    const code = withoutComments(source)
    if (UNREADABLE.test(code)) found.push(`${file}: a dynamic import without a literal path cannot be checked`)
    for (const specifier of specifiers(code)) {
      const breach = breachOf(file, layer, specifier, layers)
      if (breach !== undefined) found.push(`${file}: ${breach}`)
    }
  }
  return found
}

function breachOf(file: string, layer: string, specifier: string, layers: Layers): string | undefined {
  if (specifier.startsWith('/') || (/^[a-z]+:/.test(specifier) && !specifier.startsWith('node:'))) {
    return `'${specifier}' is neither a package nor a file of this project`
  }
  if (!specifier.startsWith('.')) return undefined
  const target = posix.normalize(posix.join(posix.dirname(file), specifier))
  // What the package itself holds (package.json) is data, not a layer.
  if (target === '../package.json') return undefined
  if (target.startsWith('..')) return `'${specifier}' leaves src/`
  const below = layerOf(target)
  if (below === layer) return undefined
  const rank = layers.order.indexOf(below)
  if (rank === -1) return `'${specifier}' is in '${below}', which is not a layer`
  if (layers.strangers.includes(layer) && layers.strangers.includes(below))
    return `${layer} must not know ${below} ('${specifier}')`
  if (rank < layers.order.indexOf(layer)) return `${layer} must not import upwards from ${below} ('${specifier}')`
  return undefined
}

/** The first folder of a path, or the file itself at the top of src/. */
function layerOf(file: string): string {
  return file.split('/')[0] ?? file
}

/** Whole-line and block comments go, so that an example in a doc comment is not taken for an import. */
function withoutComments(source: string): string {
  return source.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '')
}
