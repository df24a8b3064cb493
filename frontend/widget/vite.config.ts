import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// One classic script, so that one tag with `async` installs the chat on any page.
export default defineConfig({
  root: here('.'),
  oxc: { jsx: { development: false } },
  build: {
    outDir: here('../../src/backtalk/http/static/built'),
    emptyOutDir: false,
    lib: {
      entry: here('src/index.tsx'),
      formats: ['iife'],
      name: 'BacktalkWidget',
      fileName: () => 'widget.js',
    },
    target: ['chrome111', 'edge111', 'firefox115', 'safari16.4'],
  },
})
