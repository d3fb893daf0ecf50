import { execFileSync } from 'node:child_process';
import { test } from 'vitest';

test.each(['centre', 'province'])('the types are those that the %s describes: else `npm run types`', (place) => {
  const cwd = new URL('../../../../', import.meta.url);
  const out = `src/lib/api/schema/${place}.d.ts`;
  execFileSync('node_modules/.bin/openapi-typescript', [`api/${place}.json`, '-o', out, '--check'], { cwd });
});
