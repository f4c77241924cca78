import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

// Builds dist/ for the published package: Node.js refuses to strip types below node_modules, so a clone runs src/
// as it is and an installed package runs dist/. The folder is emptied first, or files of an older build would ship.
const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const { status, error } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
if (error) throw error
process.exitCode = status ?? 1
