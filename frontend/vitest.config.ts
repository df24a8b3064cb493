import { defineConfig } from 'vitest/config'

export default defineConfig({
  oxc: { jsx: { development: false } },
  test: { environment: 'happy-dom', include: ['widget/tests/**/*.test.{ts,tsx}'], css: true, restoreMocks: true },
})
