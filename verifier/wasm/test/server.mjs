// Static files on this machine, for the browser: the page, and batches as a node would serve them.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/**
 * Serves a directory; `origins` are the pages that may read it. `endless` is a path that never stops sending;
 * `api` answers what it knows before the files do.
 */
export async function serve(directory, { origins, endless, api } = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
    requests.push(path);
    if (origins) response.setHeader("access-control-allow-origin", origins);
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-headers", "authorization");
      response.writeHead(204).end();
      return;
    }
    const known = api?.(path, request.headers.authorization);
    if (known) {
      response.writeHead(known.status).end(known.body);
      return;
    }
    if (path === endless) {
      const part = Buffer.alloc(1 << 16);
      const send = () => {
        while (!response.destroyed && response.write(part));
      };
      response.on("drain", send);
      send();
      return;
    }
    try {
      const name = path.endsWith("/") ? `${path}index.html` : path;
      const bytes = await readFile(join(directory, normalize(name)));
      response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
