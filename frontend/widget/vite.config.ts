import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// One classic script, so that one tag with `async` installs the chat on any page.
export default defineConfig({
  root: here('.'),
  build: {
    outDir: here('../../src/backtalk/http/static/built'),
    emptyOutDir: false,
    lib: {
      entry: here('src/index.tsx'),
      formats: ['iife'],
      name: 'BacktalkWidget',
      fileName: () => 'widget.js',
    },
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'], // older ones would lose light-dark()
  },
})
