// One prerendered page without server rendering: the service hands out plain files.
import adapter from '@sveltejs/adapter-static';
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** @type {import('@sveltejs/kit').Config} */
export default {
  compilerOptions: { runes: true },
  kit: {
    // Small forms beside each file: the service has no time to make them.
    adapter: adapter({ pages: 'build', assets: 'build', strict: true, precompress: true }),
    // Our own version, so that the same source gives the same files.
    version: { name: version, pollInterval: 0 },
    // Hashes, because the page that starts the program has a small inline script.
    csp: {
      mode: 'hash',
      directives: {
        'default-src': ['self'],
        'script-src': ['self'],
        // SvelteKit's own announcer of page titles, which only screen readers meet, has a style attribute.
        'style-src': ['self', 'unsafe-hashes', 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='],
        'img-src': ['self', 'blob:', 'data:'],
        'media-src': ['self', 'blob:'],
        'connect-src': ['self'],
        'object-src': ['none'],
        'base-uri': ['none'],
        'form-action': ['self'],
      },
    },
  },
};
