import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { defaultHomeFolder, xdgDataFolder } from '../../src/platform/xdg.ts'

test('the data folder follows the XDG specification', () => {
  assert.equal(xdgDataFolder({}, '/home/a'), '/home/a/.local/share')
  assert.equal(xdgDataFolder({ XDG_DATA_HOME: '/data' }, '/home/a'), '/data')
  assert.equal(xdgDataFolder({ XDG_DATA_HOME: 'relative' }, '/home/a'), '/home/a/.local/share')
  assert.equal(xdgDataFolder({ XDG_DATA_HOME: '' }, '/home/a'), '/home/a/.local/share')
})

test('X0_HOME wins over the data folder and becomes absolute', () => {
  assert.equal(defaultHomeFolder({ XDG_DATA_HOME: '/data' }, '/home/a'), '/data/x0')
  assert.equal(defaultHomeFolder({ X0_HOME: '/srv/node', XDG_DATA_HOME: '/data' }, '/home/a'), '/srv/node')
  assert.equal(defaultHomeFolder({ X0_HOME: 'node-a' }, '/home/a'), resolve('node-a'))
  assert.equal(defaultHomeFolder({ X0_HOME: '' }, '/home/a'), '/home/a/.local/share/x0')
})
