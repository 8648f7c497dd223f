// Who is there and who writes: told in the rooms of the conversations that are open, in this tab or in one
// that hears from it, and forgotten when it is not told again.
import type { EphemeralFrame } from "../wire";
import type { Socket } from "./socket";
import type { Store } from "./store";
import { Timer } from "./timer";

/** How often the start of writing is said again while it lasts, in milliseconds. */
const TYPING_EVERY = 3_000;

/** How long after the last keystroke somebody no longer writes. */
const TYPING_PAUSE = 5_000;

/** How long a room is kept after it was left: pages open what they have just closed. */
const LINGER = 1_000;

/** In how many rooms a session may be. */
const ROOMS_MOST = 20;

/** As which this tab is known among those that look at a conversation. */
export const HERE = "";

type RoomFrame = Extract<EphemeralFrame, { event: "typing" | "presence" }>;

interface Joined {
  presence: { userId: string; online: boolean; lastSeenAt?: string };
}

interface Writing {
  /** When the start was last told. */
  saidAt: number;
  isTold: boolean;
  due: Timer;
  pause: Timer;
}

export interface RoomEvents {
  /** What is known of a room, for the tabs that hear from this one. */
  told(frame: RoomFrame): void;
  /** Writing has to be told by the tab that leads. */
  typing(id: string, active: boolean): void;
}

/** Keeps the session in the rooms that somebody looks at. */
export class Rooms {
  #wanted = new Map<string, Set<string>>();
  #joined = new Set<string>();
  #writing = new Map<string, Writing>();
  #expiries = new Map<string, ReturnType<typeof setTimeout>>();
  #lingering = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly store: Store,
    private readonly socket: Socket,
    private readonly events: RoomEvents,
  ) {}

  /** A tab looks at a conversation. */
  want(id: string, tab: string): void {
    this.#stay(id, tab);
    const tabs = this.#wanted.get(id) ?? new Set();
    tabs.add(tab);
    // The room that was wanted last is the last to be given up.
    this.#wanted.delete(id);
    this.#wanted.set(id, tabs);
    this.#join();
    const presence = this.store.state.presence[id];
    const userId = this.store.state.conversations[id]?.counterpart.id;
    if (presence && userId) this.events.told({ event: "presence", data: { conversationId: id, userId, ...presence } });
  }

  /** A tab no longer does. */
  leave(id: string, tab: string): void {
    this.#stay(id, tab);
    const linger = setTimeout(() => {
      this.#stay(id, tab);
      const tabs = this.#wanted.get(id);
      tabs?.delete(tab);
      if (tabs?.size) return;
      this.#wanted.delete(id);
      this.store.dispatch({ type: "presence", id, presence: null });
      this.#join();
    }, LINGER);
    this.#lingering.set(`${tab} ${id}`, linger);
  }

  /** A tab is gone. */
  leaveAll(tab: string): void {
    for (const [id, tabs] of this.#wanted) if (tabs.has(tab)) this.leave(id, tab);
  }

  /** A new session is in no room yet. */
  joinAnew(here: string[]): void {
    this.#joined.clear();
    for (const id of here) this.want(id, HERE);
    this.#join();
  }

  /** Nobody tells any more who is there. */
  forgetPeople(): void {
    this.#joined.clear();
    for (const expiry of this.#expiries.values()) clearTimeout(expiry);
    this.#expiries.clear();
    this.store.dispatch({ type: "alone" });
  }

  /** Takes in what is told of a room. */
  hear({ event, data }: EphemeralFrame): void {
    if (event === "presence") {
      const { conversationId: id, online, lastSeenAt } = data;
      this.store.dispatch({ type: "presence", id, presence: { online, lastSeenAt } });
    } else if (event === "typing") {
      const { conversationId: id, active, expiresInMs } = data;
      clearTimeout(this.#expiries.get(id));
      this.store.dispatch({ type: "typing", id, active });
      const expire = (): void => this.store.dispatch({ type: "typing", id, active: false });
      if (active) this.#expiries.set(id, setTimeout(expire, expiresInMs));
    }
  }

  /** The person writes, or no longer does. */
  setTyping(id: string, active: boolean): void {
    const writing = this.#writing.get(id) ?? { saidAt: 0, isTold: false, due: new Timer(), pause: new Timer() };
    this.#writing.set(id, writing);
    if (!active) {
      if (writing.isTold) this.events.typing(id, false);
      this.sent(id);
      return;
    }
    writing.pause.set(TYPING_PAUSE, () => this.setTyping(id, false));
    // The service passes on one start in a while; one that comes sooner would be lost.
    const early = writing.saidAt + TYPING_EVERY - Date.now();
    const tell = (): void => {
      writing.saidAt = Date.now();
      writing.isTold = true;
      this.events.typing(id, true);
    };
    if (early > 0) writing.due.setOnce(early, tell);
    else tell();
  }

  /** The service takes note of a message, so nobody has to be told that its writer has stopped. */
  sent(id: string): void {
    const writing = this.#writing.get(id);
    if (!writing) return;
    writing.pause.clear();
    writing.due.clear();
    writing.isTold = false;
  }

  stop(): void {
    for (const linger of this.#lingering.values()) clearTimeout(linger);
    this.#lingering.clear();
    for (const id of this.#writing.keys()) this.sent(id);
    this.#writing.clear();
    this.#wanted.clear();
    this.forgetPeople();
  }

  /** Takes back that a tab is about to leave. */
  #stay(id: string, tab: string): void {
    const key = `${tab} ${id}`;
    clearTimeout(this.#lingering.get(key));
    this.#lingering.delete(key);
  }

  #join(): void {
    if (!this.socket.isOpen) return;
    const wanted = new Set([...this.#wanted.keys()].slice(-ROOMS_MOST));
    for (const id of this.#joined) {
      if (wanted.has(id)) continue;
      this.#joined.delete(id);
      this.socket.post("room.leave", { conversationId: id });
      this.store.dispatch({ type: "presence", id, presence: null });
    }
    for (const id of wanted) {
      if (this.#joined.has(id)) continue;
      this.#joined.add(id);
      this.socket.request("room.join", { conversationId: id }).then(
        (ok) => {
          if (!this.#joined.has(id)) return;
          const { presence } = ok as Joined;
          const frame: RoomFrame = { event: "presence", data: { conversationId: id, ...presence } };
          this.hear(frame);
          this.events.told(frame);
        },
        // Refused or cut off: the next session joins again.
        () => this.#joined.delete(id),
      );
    }
  }
}
