import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const browsers = ['chrome125', 'firefox125', 'safari17.5'];

/** The balancer whose answers the page shows while it is worked on (`npx vite web`). */
const balancer = process.env['LOCKSTEP_URL'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    outDir: fileURLToPath(new URL('../dist/page', import.meta.url)),
    emptyOutDir: true,
    target: browsers,
    cssTarget: browsers,
    // A script or image inside the HTML or CSS would be against the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      // 'use client' is for servers that render; there is none here.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  server: {
    proxy: {
      // The balancer takes requests from its own page only.
      '^/[a-z-]+(/[a-z].*)?$': {
        target: balancer,
        changeOrigin: true,
        headers: { origin: balancer },
        bypass: (request) => (/\.\w+$/.test(request.url ?? '') ? request.url : undefined),
      },
    },
  },
});
