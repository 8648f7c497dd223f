// The demo's network: the browser's own, with a switch that cuts it as a tunnel or a pulled cable would.
import { storedChoice, type Keeper } from "./stored-choice";

export interface Network {
  isCut(): boolean;
  /** For all tabs of this browser: they share one connection. */
  cut(isCut: boolean): void;
  subscribe(listener: () => void): () => void;
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: typeof globalThis.WebSocket;
}

interface Outside {
  fetch: typeof globalThis.fetch;
  WebSocket: typeof globalThis.WebSocket;
  keeper?: Keeper;
}

export function createNetwork({ fetch, WebSocket, keeper }: Outside): Network {
  const state = storedChoice("brocante.network", ["whole", "cut"], keeper);
  const isCut = () => state.get() === "cut";

  // The browser tells pages when the network goes and comes; so does this one.
  state.subscribe(() => window.dispatchEvent(new Event(isCut() ? "offline" : "online")));

  /** Calls back once, when the network is cut. Returns how to stop that. */
  function onCut(listener: () => void): () => void {
    const stop = state.subscribe(() => {
      if (!isCut()) return;
      stop();
      listener();
    });
    return stop;
  }

  const cuttableFetch: typeof fetch = async (input, init) => {
    if (isCut()) throw unreachable();
    const cutting = new AbortController();
    const stop = onCut(() => cutting.abort(unreachable()));
    const given = init?.signal ?? (input instanceof Request ? input.signal : null);
    try {
      const signal = given ? AbortSignal.any([given, cutting.signal]) : cutting.signal;
      return await fetch(input, { ...init, signal });
    } finally {
      stop();
    }
  };

  return {
    isCut,
    cut: (value) => state.set(value ? "cut" : "whole"),
    subscribe: state.subscribe,
    fetch: cuttableFetch,
    WebSocket: cuttable(WebSocket, isCut, onCut),
  };
}

/** What `fetch` rejects with when there is no network. */
function unreachable(): TypeError {
  return new TypeError("Failed to fetch");
}

/** A WebSocket that ends without a goodbye when the network is cut, and does not open while it is. */
function cuttable(
  Native: typeof globalThis.WebSocket,
  isCut: () => boolean,
  onCut: (listener: () => void) => () => void,
): typeof globalThis.WebSocket {
  return class CuttableWebSocket extends EventTarget implements WebSocket {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly CONNECTING = 0;
    readonly OPEN = 1;
    readonly CLOSING = 2;
    readonly CLOSED = 3;
    readonly url: string;
    onopen: WebSocket["onopen"] = null;
    onmessage: WebSocket["onmessage"] = null;
    onerror: WebSocket["onerror"] = null;
    onclose: WebSocket["onclose"] = null;
    #inner: WebSocket | null = null;
    #isLost = false;

    constructor(url: string | URL, protocols?: string | string[]) {
      super();
      this.url = String(url);
      if (isCut()) {
        queueMicrotask(() => this.#lose());
        return;
      }
      const inner = (this.#inner = new Native(url, protocols));
      const stop = onCut(() => this.#lose());
      inner.onopen = () => this.#tell(new Event("open"));
      inner.onmessage = ({ data, origin }) => this.#tell(new MessageEvent("message", { data, origin }));
      inner.onerror = () => this.#tell(new Event("error"));
      inner.onclose = ({ code, reason, wasClean }) => {
        stop();
        this.#tell(new CloseEvent("close", { code, reason, wasClean }));
      };
    }

    get readyState(): 0 | 1 | 2 | 3 {
      if (this.#isLost) return 3;
      return (this.#inner?.readyState ?? 0) as 0 | 1 | 2 | 3;
    }

    get protocol(): string {
      return this.#inner?.protocol ?? "";
    }

    get extensions(): string {
      return this.#inner?.extensions ?? "";
    }

    get bufferedAmount(): number {
      return this.#inner?.bufferedAmount ?? 0;
    }

    get binaryType(): BinaryType {
      return this.#inner?.binaryType ?? "blob";
    }

    set binaryType(type: BinaryType) {
      if (this.#inner) this.#inner.binaryType = type;
    }

    send(data: Parameters<WebSocket["send"]>[0]): void {
      if (!this.#isLost) this.#inner?.send(data);
    }

    close(code?: number, reason?: string): void {
      this.#inner?.close(code, reason);
    }

    #lose(): void {
      const inner = this.#inner;
      if (this.#isLost || inner?.readyState === 3) return;
      this.#isLost = true;
      if (inner) {
        inner.onopen = inner.onmessage = inner.onerror = inner.onclose = null;
        inner.close();
      }
      this.#tell(new Event("error"));
      this.#tell(new CloseEvent("close", { code: 1006, wasClean: false }));
    }

    #tell(event: Event): void {
      const handler = this[`on${event.type}` as "onopen" | "onmessage" | "onerror" | "onclose"];
      (handler as ((this: WebSocket, event: Event) => void) | null)?.call(this, event);
      this.dispatchEvent(event);
    }
  };
}
