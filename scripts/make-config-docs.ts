// Writes docs/config.md from the schema: `bin/node scripts/make-config-docs.ts`.
import { writeFile } from 'node:fs/promises'
import { configMarkdown } from '../src/config/markdown.ts'

await writeFile(new URL('../docs/config.md', import.meta.url), configMarkdown())
