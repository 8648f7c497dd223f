// What a browser gives the tabs of an origin in common, for tests: Web Locks and broadcast channels, and tabs
// that can be frozen.

/** https://www.w3.org/TR/web-locks/, exclusive locks only. */
export class FakeLocks {
  #held = new Map<string, Hold>();
  #waiting = new Map<string, Hold[]>();

  request(
    name: string,
    { steal = false, signal }: { steal?: boolean; signal?: AbortSignal },
    callback: () => unknown,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const hold: Hold = { callback, resolve, reject };
      const waiting = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, waiting);
      signal?.addEventListener("abort", () => {
        if (!waiting.includes(hold)) return;
        waiting.splice(waiting.indexOf(hold), 1);
        reject(new DOMException("aborted", "AbortError"));
      });
      if (steal) {
        this.#held.get(name)?.reject(new DOMException("stolen", "AbortError"));
        this.#held.delete(name);
        waiting.unshift(hold);
      } else {
        waiting.push(hold);
      }
      queueMicrotask(() => this.#grant(name));
    });
  }

  #grant(name: string): void {
    const next = this.#held.has(name) ? undefined : this.#waiting.get(name)?.shift();
    if (!next) return;
    this.#held.set(name, next);
    const done = (): void => {
      if (this.#held.get(name) === next) this.#held.delete(name);
      next.resolve(undefined);
      this.#grant(name);
    };
    Promise.resolve(next.callback()).then(done, done);
  }
}

interface Hold {
  callback: () => unknown;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

/** Channels of one browser; each is that of a tab. */
export function fakeChannels(): { BroadcastChannel: typeof BroadcastChannel; channels: FakeChannel[] } {
  const channels: FakeChannel[] = [];
  function make(name: string): FakeChannel {
    return new FakeChannel(name, channels);
  }
  return { BroadcastChannel: make as unknown as typeof BroadcastChannel, channels };
}

export class FakeChannel {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  /** A frozen tab hears nothing until it goes on. */
  #frozen: unknown[] | null = null;

  constructor(
    readonly name: string,
    private readonly channels: FakeChannel[],
  ) {
    channels.push(this);
  }

  postMessage(message: unknown): void {
    const data: unknown = structuredClone(message);
    if (!this.channels.includes(this)) throw new DOMException("closed", "InvalidStateError");
    for (const other of this.channels) {
      if (other !== this && other.name === this.name) queueMicrotask(() => other.#hear(data));
    }
  }

  close(): void {
    this.channels.splice(this.channels.indexOf(this), 1);
    this.onmessage = null;
  }

  freeze(): void {
    this.#frozen = [];
  }

  thaw(): void {
    const heard = this.#frozen ?? [];
    this.#frozen = null;
    for (const data of heard) this.#hear(data);
  }

  #hear(data: unknown): void {
    if (this.#frozen) this.#frozen.push(data);
    else this.onmessage?.({ data });
  }
}
