import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Hashed files and manifest.json land in dist/, which the server offers under /static/.
export default defineConfig({
  base: "/static/",
  plugins: [react()],
  define: { global: "globalThis" },
  worker: { format: "es" },
  build: {
    outDir: "dist",
    manifest: "manifest.json",
    target: "es2023",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 5000,
    rollupOptions: {
      input: {
        site: "src/pages/site.ts",
        worklist: "src/pages/worklist.ts",
        upload: "src/pages/upload.ts",
        viewer: "src/viewer/main.tsx",
      },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
