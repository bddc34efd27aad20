/// <reference types="vitest/config" />
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const OUT = join(import.meta.dirname, "../src/viewcomfy/server/static/dashboard");
const SERVER = process.env.VIEWCOMFY_SERVER ?? "http://127.0.0.1:8000";

/** Write a .gz beside each asset, so that the server need not compress. */
function compressed(): Plugin {
  let folder = OUT;
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
      if (config.build.outDir.startsWith("/")) folder = config.build.outDir;
    },
    closeBundle() {
      for (const name of readdirSync(join(folder, "assets"))) {
        if (!/\.(js|css|svg|json)$/.test(name)) continue;
        const path = join(folder, "assets", name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  resolve: { alias: { "~": join(import.meta.dirname, "src") } },
  build: { outDir: OUT, emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 800 },
  server: {
    // the Host header stays the page's own: the server compares it with Origin
    proxy: Object.fromEntries(
      ["/api", "/d/", "/files", "/readyz", "/openapi.json", "/docs"].map((path) => [
        path,
        { target: SERVER, changeOrigin: false },
      ]),
    ),
  },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
