import { expected } from './check-value.ts'
import { RESERVED_VARIABLES } from './read-environment.ts'
import { ConfigSchema } from './schema.ts'
import { type SchemaNode, schemaNode, variableOf } from './schema-tree.ts'

const HEAD = `# Configuration

<!-- Written by scripts/make-config-docs.ts from src/config/schema.ts; a test fails where they differ. -->

A node runs without any configuration. What it reads, the strongest first:

1. flags of \`x0 run\` (\`--listen\`, \`--bootstrap\`, \`--admin\`, ...);
2. environment variables, named after the setting: \`admin.address\` is \`X0_ADMIN_ADDRESS\`. Lists are separated by
   commas, lists of sections are JSON;
3. a YAML file: \`--config FILE\`, else \`config.yaml\` in the home folder;
4. the defaults below.

Each setting is taken from one source: a list in a stronger source replaces that of a weaker one. Paths of files in the
YAML file are relative to its folder. \`x0 config show --origin\` tells which source won, \`x0 config test FILE\` checks a
file, \`x0 config schema\` prints the JSON Schema for editors. Commented examples are in the \`config\` folder.

An unknown key or \`X0_\` variable, a value of another kind or out of bounds, and values that do not go together are
errors (exit code 7): the message says where it stands, what was found and what is expected. Not settings, and left
alone: ${RESERVED_VARIABLES.map((name) => `\`${name}\``).join(', ')}, and the variables that Kubernetes and Docker set for a service called x0.

*Live* settings are applied by SIGHUP; all others need a restart, and the node says so.
`

/** docs/config.md: every setting with its variable, what it takes, its default and why. */
export function configMarkdown(): string {
  const root = schemaNode(ConfigSchema)
  const parts = [HEAD, ...settings(root, [])]
  return `${parts.join('\n')}`
}

function settings(section: SchemaNode, keys: readonly string[]): string[] {
  const children = Object.entries(section.properties ?? {}).map(([key, node]) => ({ path: [...keys, key], node }))
  // Settings of a section first, its subsections after them, as headings follow each other.
  const leaves = children.filter(({ node }) => node.properties === undefined)
  const sections = children.filter(({ node }) => node.properties !== undefined)
  const title = keys.length === 0 ? 'Top level' : keys.join('.')
  const about = keys.length === 0 ? [] : [`${section.description ?? ''}\n`]
  return [
    `## ${title}\n`,
    ...about,
    ...leaves.map(({ path, node }) => setting(path, node)),
    ...sections.flatMap(({ path, node }) => settings(node, path)),
  ]
}

function setting(keys: readonly string[], node: SchemaNode): string {
  const facts = [
    `Variable \`${variableOf(keys)}\``,
    `takes ${code(expected(node))}`,
    node.default === undefined ? 'no default' : `default \`${JSON.stringify(node.default)}\``,
    ...(node['x-reload'] === 'live' ? ['*live*'] : []),
  ]
  const item = node.items?.properties === undefined ? [] : itemKeys(node.items.properties)
  return [`### ${keys.join('.')}\n`, `${node.description ?? ''}\n`, `${facts.join(' · ')}\n`, ...item].join('\n')
}

function itemKeys(properties: Readonly<Record<string, SchemaNode>>): string[] {
  return ['Each item has:\n', ...Object.entries(properties).map(([key, node]) => `- \`${key}\`: ${node.description ?? ''}`), '']
}

/** Patterns hold characters that mean something in Markdown. */
function code(text: string): string {
  return text.replace(/(matches )(.+)$/, '$1`$2`')
}
