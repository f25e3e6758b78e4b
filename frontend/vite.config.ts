import { readdirSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Every script in src/pages belongs to one page of the same name.
const pages = readdirSync(new URL("./src/pages", import.meta.url))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => [name.replace(/\.ts$/, ""), `src/pages/${name}`]);

// Files are named by twelve hex digits of their hash, which the server takes as "never changes".
const names = {
  hashCharacters: "hex",
  entryFileNames: "assets/[name].[hash:12].js",
  chunkFileNames: "assets/[name].[hash:12].js",
  assetFileNames: "assets/[name].[hash:12][extname]",
} as const;

export default defineConfig({
  base: "/static/",
  plugins: [react()],
  define: { global: "globalThis" },
  worker: { format: "es", rolldownOptions: { output: names } },
  build: {
    outDir: "dist",
    manifest: "manifest.json",
    target: "es2023",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      input: { ...Object.fromEntries(pages), viewer: "src/viewer/main.tsx" },
      output: names,
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 20_000 },
});
