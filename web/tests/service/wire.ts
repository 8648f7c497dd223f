// The wire between a client and the service, which a test can cut.
import { createServer, connect, type Socket } from "node:net";
import { once } from "node:events";
import { onTestFinished } from "vitest";

export interface Wire {
  readonly url: string;
  /** Ends every connection, as a lost network does: no goodbye. */
  cut(): void;
}

/** A wire to a service, there until the test ends. */
export async function wireTo(serviceUrl: string): Promise<Wire> {
  const target = Number(new URL(serviceUrl).port);
  const ends = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const [end, other] of [[near, far], [far, near]] as const) {
      ends.add(end);
      end.on("error", () => other.destroy());
      end.on("close", () => {
        ends.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const end of ends) end.resetAndDestroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The wire has no port.");
  return { url: `http://127.0.0.1:${address.port}`, cut };
}
