// The built script: its size, and what it may not do.

import { gzipSync } from 'node:zlib'
import { build, type Rollup } from 'vite'
import { expect, test } from 'vitest'

const BUDGET_BYTES = 15_000

const built = await build({
  mode: 'production',
  configFile: 'widget/vite.config.ts',
  logLevel: 'error',
  build: { write: false },
})
const script = ((Array.isArray(built) ? built[0] : built) as Rollup.RollupOutput).output[0].code

test('the script is small enough', () => {
  expect(gzipSync(script, { level: 9 }).length).toBeLessThanOrEqual(BUDGET_BYTES)
})

test('the script evaluates nothing and writes no markup, so that a strict policy holds', () => {
  expect(script).not.toMatch(/\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write/)
})
