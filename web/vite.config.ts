// How the pages are built and the units are run. In development the API is asked of the service on this machine.
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

const service = process.env['QUAYWATCH_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [sveltekit()],
  // hls.js alone is larger than the default; it is loaded only where recordings are played.
  build: { chunkSizeWarningLimit: 650, target: 'es2022' },
  server: { proxy: { '/api': { target: service, ws: true } } },
  test: { include: ['src/**/*.test.ts', 'tests/support/**/*.test.ts'], environment: 'node' },
});
